// The matrix for the terminal and as Markdown.

const FORM_NAMES = { cjs: 'CommonJS', esm: 'ESM', bundle: 'bundle', next: 'next start' };

/** @returns the table, and below it each failure and each reason */
export function formatTerminal({ nodes, rows }) {
  const width = Math.max(...rows.map(({ label }) => label.length));
  const lines = [`${''.padEnd(width)}  ${nodes.map(({ major }) => `Node ${major}`.padEnd(9)).join('')}`];
  const details = [];
  for (const row of rows) {
    const cells = nodes.map(({ major }) => row.cells[major]);
    lines.push(`${row.label.padEnd(width)}  ${cells.map((cell) => mark(cell, row).padEnd(9)).join('')}`);
    for (const [i, cell] of cells.entries()) {
      for (const text of detailsOf(row, cell)) details.push(`${row.label}, Node ${nodes[i].major}: ${text}`);
    }
  }
  return [...lines, '', ...details].join('\n');
}

const TEXTS = {
  'queues, limiters and pools': [
    'Each row shares one queue, limiter or pool among all requests, with two places, and calls out in its tasks and callbacks:',
    'alone, and in 30 contexts at once, of which some have no trace and some a run of the SDK. `ok` says that each call carried',
    'the trace of its own context, or none where there was none. A library in a bundle is not patched.',
    '',
  ],
  databases: [
    'The same over a pool of two connections to PostgreSQL 15, MariaDB 10.11 or Redis 7, or over one connection.',
    '',
  ],
};

/** @returns a document; made of nothing but the matrix */
export function formatMarkdown({ nodes, rows, between = [] }) {
  const lines = [
    '# Compatibility',
    '',
    'Read this if you want to know whether your versions of Node.js and of your libraries are tested with the agent.',
    '',
    '`npm run test:matrix` writes this page from compatibility.json. It runs real processes under the built agent, over',
    'loopback. A cell stands for all checks of its row, in each form that the row names: CommonJS, ES modules, and bundled',
    'with esbuild. `-` says that the combination does not exist, and `relays` that runs are not linked while the trace of the',
    'caller is passed on. The numbers lead to the notes below.',
    '',
  ];
  const notes = [];
  for (const group of new Set(rows.map((row) => row.group))) {
    lines.push(`## ${group[0].toUpperCase()}${group.slice(1)}`, '', ...(TEXTS[group] ?? []));
    lines.push(`| | version | as | ${nodes.map(({ version }) => `Node ${version}`).join(' | ')} |`);
    lines.push(`|---|---|---|${nodes.map(() => '---|').join('')}`);
    for (const row of rows.filter((row) => row.group === group)) {
      const cells = nodes.map(({ major }) => noted(row, row.cells[major], notes));
      const forms = row.forms.map((form) => FORM_NAMES[form]).join(', ');
      lines.push(`| ${row.label} | ${row.version ?? ''} | ${forms} | ${cells.join(' | ')} |`);
    }
    lines.push('');
  }
  if (between.length > 0) lines.push(...formatBetween(between));
  lines.push('## Notes', '', ...notes.map((note, i) => `${i + 1}. ${note}`), '');
  return lines.join('\n');
}

/** The services without LangSmith through which a trace goes on, as `npm run test:languages` has last shown. */
function formatBetween(between) {
  return [
    '## Services in between, in any language',
    '',
    'Services that know nothing of LangSmith and run OpenTelemetry or Datadog pass on all of `baggage`, and with it the trace.',
    '`npm run test:languages` starts each of these between two Node.js services under the agent. The runs of both are one trace,',
    'with equal projects, tags and metadata.',
    '',
    '| service | version | what it needs |',
    '|---|---|---|',
    ...between.map(({ name, version, needs }) => `| ${name} | ${version} | ${needs} |`),
    '',
  ];
}

function mark(cell, row) {
  if (cell === undefined) return '';
  if (cell.status === 'absent') return '-';
  if (cell.status === 'failed') return 'FAILED';
  return row.note === undefined ? 'ok' : 'relays';
}

/** A cell of the document, with the numbers of its notes: what failed and what does not exist, each told once. */
function noted(row, cell, notes) {
  if (cell === undefined) return 'not run';
  const numbers = detailsOf(row, cell).map((text) => {
    const note = `${row.label}: ${text}`;
    if (!notes.includes(note)) notes.push(note);
    return notes.indexOf(note) + 1;
  });
  const told = numbers.length > 0 ? ` <sup>${numbers.join(' ')}</sup>` : '';
  return `${cell.status === 'failed' ? '**FAILED**' : mark(cell, row)}${told}`;
}

function detailsOf(row, cell) {
  if (cell === undefined) return [];
  const details = cell.why === undefined ? [] : [`${cell.status === 'failed' ? 'FAILED' : '-'}: ${cell.why}`];
  if (cell.status === 'absent') return details;
  if (row.note !== undefined) details.push(row.note);
  const forms = new Map();
  for (const [form, result] of Object.entries(cell.forms)) {
    for (const text of textsOf(result)) forms.set(text, [...(forms.get(text) ?? []), FORM_NAMES[form]]);
  }
  for (const [text, names] of forms) details.push(`${names.join(', ')}: ${text}`);
  return details;
}

/** What is to be told of one form. */
function textsOf({ status, why, limit, checks, failed, notPossible }) {
  if (status === 'absent') return [`- (${why})`];
  return [
    ...(limit === undefined ? [] : [`no trace (${limit})`]),
    ...failed.map((text) => `FAILED: ${text}, of ${checks} checks`),
    ...notPossible.map((text) => `- (${text})`),
  ];
}
