/**
 * Finds flaky tests: runs the files of `npm test` repeatedly, alternately on an idle machine and with every core busy, and
 * prints how often each test failed.
 *
 *   npm run test:repeat                             20 idle and 20 busy runs
 *   npm run test:repeat -- --times 3                3 of each
 *   npm run test:repeat -- test/core.test.ts        only these files
 *
 * The exit code is 1 if a test failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { readArguments, readCount, refuseArguments } from './arguments.mjs';
import { root, runVitest } from './nodes.mjs';
import { NOT_IN_TEST } from './test-files.mjs';

const SCRIPT = 'test:repeat';
/** Keeps a core busy until the process that started it ends. */
const BURN = `
process.on('disconnect', () => process.exit());
(function burn() {
  for (const end = Date.now() + 20; Date.now() < end; );
  setImmediate(burn);
})();`;
const KINDS = ['idle', 'busy'];

const { values, positionals: files } = readArguments(
  SCRIPT,
  { times: { type: 'string', default: '20' } },
  { positionals: 'any' },
);
const times = readCount(SCRIPT, 'times', values.times);
for (const file of files) {
  if (!existsSync(join(root, file))) refuseArguments(SCRIPT, `there is no ${file}`);
}

const directory = join(root, '.cache', 'test-repeat');
mkdirSync(directory, { recursive: true });
/** The number of failures of each test, by kind of run. */
const failures = new Map();
let tests = 0;

for (let i = 1; i <= times; i++) {
  for (const kind of KINDS) runOnce(kind, i);
}
report();

function runOnce(kind, i) {
  const stop = kind === 'busy' ? keepBusy() : () => {};
  const output = join(directory, `${process.pid}.json`);
  rmSync(output, { force: true });
  const which = files.length > 0 ? files : NOT_IN_TEST.map((pattern) => `--exclude=${pattern}`);
  const begun = performance.now();
  const passed = runVitest(['--reporter=json', `--outputFile=${output}`, ...which], {}, 'ignore');
  const seconds = Math.round((performance.now() - begun) / 1000);
  stop();
  const failed = existsSync(output) ? failedIn(JSON.parse(readFileSync(output, 'utf8'))) : ['vitest itself'];
  // An error outside of any test fails the run, but is in no file of the report.
  if (!passed && failed.length === 0) failed.push('an error outside of the tests');
  for (const name of failed) {
    const counts = failures.get(name) ?? { idle: 0, busy: 0 };
    counts[kind]++;
    failures.set(name, counts);
  }
  console.log(
    `run ${String(i).padStart(2)} ${kind}  ${String(seconds).padStart(4)} s  ${failed.length} failed`,
  );
  for (const name of failed) console.log(`        ${name}`);
}

/** Starts one busy process for each core. @returns a function that ends them */
function keepBusy() {
  const burners = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', BURN], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  return () => {
    for (const burner of burners) burner.kill('SIGKILL');
  };
}

/** Returns the names of the failed tests, or of the file if its hooks failed. */
function failedIn({ testResults, numTotalTests }) {
  tests = Math.max(tests, numTotalTests);
  return testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (status === 'failed' && failed.length === 0) return [`${file}: a hook`];
    return failed.map(({ fullName }) => `${file}: ${fullName}`);
  });
}

function report() {
  console.log(`\n${tests} tests, ${times} idle and ${times} busy runs; how often each test failed:\n`);
  console.log(' idle  busy  test');
  const sorted = [...failures].sort(([, a], [, b]) => b.idle + b.busy - (a.idle + a.busy));
  for (const [name, { idle, busy }] of sorted) {
    console.log(`${String(idle).padStart(5)} ${String(busy).padStart(5)}  ${name}`);
  }
  const others =
    sorted.length === 0 ? `all ${tests} tests` : `each of the other ${tests - sorted.length} tests`;
  console.log(`    0     0  ${others}`);
  process.exitCode = sorted.length === 0 ? 0 : 1;
}
