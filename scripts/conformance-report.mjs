// Formats the results of the conformance list for readers: for the terminal and as docs/conformance.md.

/** Formats the list by area, one line for each entry with its result on every Node.js version. */
export function formatForTerminal({ areas, lines, nodes }) {
  const majors = Object.keys(nodes);
  const text = [];
  for (const [area, title] of Object.entries(areas)) {
    text.push('', `${area}. ${title}`);
    for (const line of lines.filter((one) => one.area === area)) {
      const found = majors.map((major) => nodes[major].results[`${area}${line.number}`]);
      const marks = found.map(({ result }, i) => `${majors[i]} ${result}`).join(', ');
      text.push(`  ${String(line.number).padStart(3)} ${line.text}: ${marks}`);
      for (const [i, { result, why }] of found.entries()) {
        if (why !== undefined && result !== 'ok') text.push(`        ${majors[i]}: ${why}`);
      }
    }
  }
  text.push('', ...majors.map((major) => summaryOf(nodes[major])));
  const all = majors.flatMap((major) => Object.values(nodes[major].results));
  const count = (result) => all.filter((one) => one.result === result).length;
  text.push(
    '',
    `${count('ok')} passed, ${count('FAILED')} failed, ${all.length - count('ok') - count('FAILED')} skipped`,
  );
  return text.join('\n');
}

/** Formats the list as a Markdown page. */
export function formatDocument({ areas, lines, nodes }) {
  const majors = Object.keys(nodes);
  const text = [
    '# The conformance list',
    '',
    'Made by `npm run conformance`, never by hand: each line is a behaviour that tests with its number in their title',
    'show over real sockets, with the built agent preloaded in real child processes.',
    '',
    ...majors.map((major) => `- ${summaryOf(nodes[major])}`),
  ];
  for (const [area, title] of Object.entries(areas)) {
    text.push('', `## ${area}. ${title}`, '');
    text.push(`| | behaviour | ${majors.map((major) => `Node ${major}`).join(' | ')} | note |`);
    text.push(`|---|---|${majors.map(() => '---|').join('')}---|`);
    for (const line of lines.filter((one) => one.area === area)) {
      const found = majors.map((major) => nodes[major].results[`${area}${line.number}`]);
      const cells = found.map(({ result }) => result);
      text.push(
        `| ${line.number} | ${cell(line.text)} | ${cells.join(' | ')} | ${cell(notesOf(line, majors, found))} |`,
      );
    }
  }
  return `${text.join('\n')}\n`;
}

/** Returns the notes of a line. A note that applies to several Node.js versions is printed once for all of them. */
function notesOf({ notes }, majors, found) {
  const byText = new Map();
  for (const [i, { why }] of found.entries()) {
    if (why !== undefined) byText.set(why, [...(byText.get(why) ?? []), majors[i]]);
  }
  const said = [...byText].map(([why, on]) => `Node ${on.join(', ')}: ${why}`);
  return [notes?.['*'], ...said].filter(Boolean).join('; ');
}

function summaryOf({ version, results }) {
  const counts = {};
  for (const { result } of Object.values(results)) counts[result] = (counts[result] ?? 0) + 1;
  const text = Object.entries(counts).map(([result, count]) => `${count} ${result}`);
  return `Node ${version}: ${text.join(', ')}`;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
