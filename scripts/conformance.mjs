// Tests the built agent against the conformance list. It runs every test whose title contains the number of a line,
// on the Node.js that runs this script and on the versions given as arguments (`npm run conformance -- 18 20 22 24
// 26`). It prints the list by area, and writes docs/conformance.json and docs/conformance.md, which keep the last
// results of other Node.js versions. The exit code is 1 if a line failed, or if no test showed it although nothing
// that the test needs is missing.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments } from './arguments.mjs';
import { formatDocument, formatForTerminal } from './conformance-report.mjs';
import { binary, installNodes, root, runVitest, SUPPORTED, UNSUPPORTED } from './nodes.mjs';
import { installPeers } from './peers.mjs';

const TITLE = /\[([A-Z]\d+)\]/g;
const { areas, lines } = JSON.parse(readFileSync(join(root, 'test', 'conformance', 'list.json'), 'utf8'));

const running = process.versions.node.split('.')[0];
const { positionals: asked } = readArguments('conformance', {}, { positionals: Object.keys(SUPPORTED) });
const others = asked.filter((major) => major !== running);
const whyNoNodes = installNodes([...others, ...Object.keys(UNSUPPORTED)]);
if (whyNoNodes !== undefined) console.error(whyNoNodes);
const missing = installPeers();
for (const group of missing) console.error(`cannot be installed from npm: ${group}`);

const files = numberedFiles(join(root, 'test'));
const results = {};
let isIncomplete = false;
for (const major of [...new Set([running, ...asked])].sort((a, b) => a - b)) {
  if (major !== running && !existsSync(binary(major))) {
    results[major] = { version: major, results: byLine(() => ({ result: 'FAILED', why: whyNoNodes })) };
    continue;
  }
  console.log(`\n# Node ${major}`);
  const tests = runOn(major);
  const version = versionOf(major);
  results[major] = { version, results: byLine((line) => judge(line, major, tests[nameOf(line)])) };
}

const stored = join(root, 'docs', 'conformance.json');
const document = { areas, lines, nodes: { ...olderResults(), ...results } };
mkdirSync(join(root, 'docs'), { recursive: true });
writeFileSync(stored, `${JSON.stringify(document, null, 2)}\n`);
writeFileSync(join(root, 'docs', 'conformance.md'), formatDocument(document));
console.log(formatForTerminal({ areas, lines, nodes: results }));
const all = Object.values(results).flatMap((node) => Object.values(node.results));
if (isIncomplete) console.error('FAILED: a group of tests could not be run, see above');
process.exitCode = isIncomplete || all.some(({ result }) => result === 'FAILED') ? 1 : 0;

/** Calls `resultOf` for each line and returns the results by the line's name. */
function byLine(resultOf) {
  return Object.fromEntries(lines.map((line) => [nameOf(line), resultOf(line)]));
}

/** Returns the last results of other Node.js versions, if the list has not changed since. */
function olderResults() {
  if (!existsSync(stored)) return {};
  const older = JSON.parse(readFileSync(stored, 'utf8'));
  return JSON.stringify(older.lines) === JSON.stringify(lines) ? older.nodes : {};
}

function versionOf(major) {
  if (major === running) return process.versions.node;
  return spawnSync(binary(major), ['--version'], { encoding: 'utf8' }).stdout.trim().replace(/^v/, '');
}

function nameOf({ area, number }) {
  return `${area}${number}`;
}

/** Returns the test files that have a line's number in a title. */
function numberedFiles(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(directory, name))
    .filter((file) => /\[(?:[A-Z]\d+|\$\{|%s)/.test(readFileSync(file, 'utf8')));
}

/** Runs the numbered tests with applications on a Node.js version. @returns by line, the result of each test */
function runOn(major) {
  const report = join(root, '.cache', `conformance-${major}.json`);
  rmSync(report, { force: true });
  const env = {
    TRACE_AGENT_CAMPAIGN: 'true',
    TRACE_AGENT_UNSUPPORTED_NODES: Object.keys(UNSUPPORTED).map(binary).filter(existsSync).join(':'),
    ...(major !== running && { TRACE_AGENT_TEST_NODE: binary(major), TRACE_AGENT_TEST_NODE_MAJOR: major }),
  };
  const reporters = ['--maxWorkers=2', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];
  const isPassed = runVitest([...reporters, '-t', '\\[[A-Z]\\d+\\]', ...files], env);
  const found = {};
  const { numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
  for (const { name, message, assertionResults } of testResults) {
    for (const { fullName, status, failureMessages, meta } of assertionResults) {
      for (const [, line] of fullName.matchAll(TITLE)) {
        found[line] ??= [];
        // vitest reports a failed hook with the file, and skips the file's tests.
        const failure =
          failureMessages[0] ?? (status === 'skipped' && message ? `${name}: ${message}` : undefined);
        // vitest reports a test that is known to fail, and does fail (`it.fails`), as passed.
        const why = meta?.defect ?? meta?.why ?? failure;
        const isFailed = failure !== undefined || meta?.defect !== undefined;
        found[line].push({ status: isFailed ? 'failed' : status, why });
      }
    }
  }
  // A hook of a group failed, so its tests did not run. Other tests may have shown the same lines.
  if (!isPassed && numFailedTests === 0) isIncomplete = true;
  return found;
}

/** Combines the results of a line's tests on a Node.js version. */
function judge({ doesNotApply, notes }, major, tests = []) {
  const failed = tests.filter(({ status }) => status === 'failed');
  const passed = tests.filter(({ status }) => status === 'passed');
  if (failed.length > 0)
    return {
      result: 'FAILED',
      why: [...new Set(failed.map(({ why }) => firstLine(why)))].slice(0, 3).join('; '),
    };
  if (doesNotApply?.[major] !== undefined) return { result: 'does not apply', why: doesNotApply[major] };
  const why = tests.find(({ status, why }) => status !== 'passed' && why !== undefined)?.why;
  if (passed.length === 0) {
    if (why === undefined) return { result: 'FAILED', why: 'no test has shown it' };
    // A skipped test is excused only if something that it needs is missing. Otherwise a test that fails to find an
    // installed library would be skipped unnoticed.
    return { result: missing.length > 0 || whyNoNodes !== undefined ? 'not run' : 'FAILED', why };
  }
  const note = notes?.[major] ?? why;
  return { result: 'ok', tests: passed.length, ...(note && { why: note }) };
}

function firstLine(text = '') {
  return text.split('\n')[0];
}
