// Parses the few instructions that deploy/image/Dockerfile uses. Any other instruction is an error and is never
// ignored.

/**
 * @typedef {{from?: string, chown: string, source: string, destination: string}} Copy
 * @param {string} text
 * @returns {{stages: Record<string, string>, labels: Record<string, string>, env: Record<string, string>,
 *   copies: Copy[], user: string, cmd: string[]}} what the contents of the last stage; `stages`: the images that the
 *   others are
 */
export function parseDockerfile(text) {
  const file = { stages: {}, labels: {}, env: {}, copies: [], user: '0:0', cmd: [] };
  const values = {};
  for (const [name, rest] of instructions(text)) {
    const words = wordsOf(rest).map((word) => word.replace(/\$\{(\w+)\}/g, (_, key) => values[key] ?? ''));
    if (name === 'FROM' && words[1] === 'AS') file.stages[words[2]] = words[0];
    else if (name === 'FROM' && words.join() === 'scratch') continue;
    else if (name === 'ARG') Object.assign(values, pairs(words));
    else if (name === 'LABEL') Object.assign(file.labels, pairs(words));
    else if (name === 'ENV') Object.assign(file.env, pairs(words));
    else if (name === 'COPY') file.copies.push(copyOf(words));
    else if (name === 'USER' && words.length === 1) file.user = words[0];
    else if (name === 'CMD') file.cmd = JSON.parse(rest);
    else throw new Error(`an instruction that is not known here: ${name} ${rest}`);
  }
  return file;
}

function instructions(text) {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
}

/** Splits a text into words. Quotes keep the blanks within a word. */
function wordsOf(text) {
  return (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

function pairs(words) {
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}

function copyOf(words) {
  const copy = { chown: '0:0' };
  const paths = words.filter((word) => !word.startsWith('--'));
  for (const option of words.filter((word) => word.startsWith('--'))) {
    const [, name, value] = /^--(from|chown)=(.+)$/.exec(option) ?? [];
    if (name === undefined) throw new Error(`COPY with an option that is not known here: ${option}`);
    copy[name] = value;
  }
  if (paths.length !== 2) throw new Error(`COPY of one thing is known here: ${words.join(' ')}`);
  return { ...copy, source: paths[0], destination: paths[1] };
}
