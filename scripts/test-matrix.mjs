/**
 * Tests the built agent with widely used libraries and frameworks, in the versions that are in use, on each supported
 * version of Node.js. Libraries and Node.js binaries are installed from npm into .cache/.
 *
 *     npm run test:matrix                                  all; writes docs/compatibility.json and .md
 *     npm run test:matrix -- --node 20,26 --only undici,got    a slice; writes nothing
 *     npm run test:matrix -- --node 24 --only http2 --merge    a slice that replaces its cells in what is written
 *     npm run test:matrix -- --ci                          the most telling rows on the running Node
 *     npm run test:matrix -- --control --only got          without the agent: every cell must fail
 *     npm run test:matrix -- --unpatched --node 20         with TRACE_AGENT_LIBRARIES=none: patched libraries must fail
 *     npm run test:stress                                  hundreds of contexts at once, redirects and retries
 *
 * The exit code is 1 if a cell failed, or, with --control or --unpatched, if one passed.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCell } from '../test/matrix/cell.mjs';
import { root } from '../test/matrix/library.mjs';
import { formatMarkdown, formatTerminal } from '../test/matrix/report.mjs';
import { ROWS } from '../test/matrix/rows.mjs';
import { stopServers } from '../test/matrix/servers.mjs';
import { readArguments, readList, refuseArguments } from './arguments.mjs';
import { installNodes, binary as nodeBinary } from './nodes.mjs';
import { endWith } from './tools.mjs';

const MAJORS = ['18', '20', '22', '24', '26'];
const STRESS_CONTEXTS = 420;
/** The number of cells that run at once. */
const PARALLEL = 2;

const { values } = readArguments('test:matrix', {
  node: { type: 'string' },
  only: { type: 'string' },
  ci: { type: 'boolean', default: false },
  stress: { type: 'boolean', default: false },
  control: { type: 'boolean', default: false },
  unpatched: { type: 'boolean', default: false },
  merge: { type: 'boolean', default: false },
});
const majors = values.node === undefined ? MAJORS : readList('test:matrix', values.node, MAJORS);
const rows = ROWS.filter(isWanted).map((row) => ({ ...row, cells: {} }));
if (rows.length === 0) refuseArguments('test:matrix', `--only ${values.only} names no row`);
const nodes = values.ci && values.node === undefined ? [runningNode()] : nodesNamed(majors);

const options = {
  stress: values.stress ? STRESS_CONTEXTS : undefined,
  isControl: values.control,
  isUnpatched: values.unpatched,
};
const started = Date.now();
const queue = nodes.flatMap((node) => rows.map((row) => [row, node]));
await Promise.all(Array.from({ length: PARALLEL }, runQueue));

stopServers();

const matrix = { nodes: nodes.map(({ major, version }) => ({ major, version })), rows: rows.map(toJSON) };
console.log(`\n${formatTerminal(matrix)}`);
const cells = rows.flatMap((row) => Object.values(row.cells));
const count = (status) => cells.filter((cell) => cell.status === status).length;
const seconds = Math.round((Date.now() - started) / 1000);
console.log(
  `\n${count('ok')} passed, ${count('failed')} failed, ${count('absent')} skipped\n(cells, in ${seconds} s)`,
);
const isWhole =
  values.node === undefined &&
  values.only === undefined &&
  !values.ci &&
  !values.stress &&
  !values.control &&
  !values.unpatched;
if (isWhole || values.merge) {
  const last = JSON.parse(await readFile(document('json'), 'utf8'));
  // `npm run test:languages` writes `between`.
  await write(isWhole ? { ...matrix, between: last.between } : merged(last, matrix));
}
process.exitCode = count(values.control || values.unpatched ? 'ok' : 'failed') > 0 ? 1 : 0;

async function runQueue() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [row, node] = next;
    const before = Date.now();
    const cell = await runCell(row, node, options);
    row.version ??= cell.version;
    row.cells[node.major] = cell;
    console.log(`Node ${node.major}  ${cell.status.padEnd(6)}  ${row.label}  (${Date.now() - before} ms)`);
  }
}

function isWanted(row) {
  if (values.stress && !row.stress) return false;
  if (values.ci && !row.ci) return false;
  if (values.unpatched && row.patched !== true) return false;
  return values.only === undefined || values.only.split(',').some((part) => row.label.includes(part.trim()));
}

function runningNode() {
  const { node } = process.versions;
  return { major: node.split('.')[0], version: node, binary: process.execPath };
}

function nodesNamed(majors) {
  const reason = installNodes(majors);
  if (reason !== undefined) endWith('test:matrix', reason);
  return majors.map((major) => {
    const binary = nodeBinary(major);
    return {
      major,
      binary,
      version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1),
    };
  });
}

function toJSON({ group, label, version, forms, note, cells }) {
  return { group, label, version, forms, note, cells };
}

/**
 * Merges a slice into the whole matrix. The current list of rows decides the rows, and a result of the slice replaces
 * an older one.
 */
function merged(whole, slice) {
  const named = (rows, label) => rows.find((row) => row.label === label);
  const rows = ROWS.map(({ label }) => {
    const [older, newer] = [named(whole.rows, label), named(slice.rows, label)];
    return { ...older, ...newer, cells: { ...older?.cells, ...newer?.cells } };
  });
  return { ...whole, rows: rows.filter(({ label }) => label !== undefined) };
}

async function write(matrix) {
  await mkdir(join(root, 'docs'), { recursive: true });
  await writeFile(document('json'), `${JSON.stringify(matrix, null, 2)}\n`);
  await writeFile(document('md'), formatMarkdown(matrix));
}

function document(extension) {
  return join(root, 'docs', `compatibility.${extension}`);
}
