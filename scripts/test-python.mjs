// Runs the tests with the Python SDK, in a virtual environment of its own. Where Python or its packages cannot be
// had, says so and ends well: what is skipped is skipped loudly.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';

readArguments('test:python');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.cache', 'python');
const python = join(venv, 'bin', 'python');
const requirements = join(root, 'fixtures', 'python', 'requirements.txt');
const installed = join(venv, 'installed.txt');

const found = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
if (found === undefined) skip('there is no python3 on the PATH');
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(requirements, 'utf8')) {
  if (!run(found, ['-m', 'venv', '--clear', venv]))
    skip('a virtual environment cannot be made (python3-venv?)');
  if (!run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])) {
    skip('the Python packages cannot be installed');
  }
  writeFileSync(installed, readFileSync(requirements));
}
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const passed = run(process.execPath, [vitest, 'run', 'test/compatibility/python.test.ts'], {
  TRACE_AGENT_PYTHON: python,
});
process.exitCode = passed ? 0 : 1;

function run(command, args, env = {}) {
  return (
    spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status === 0
  );
}

function skip(why) {
  console.log(`SKIPPED: the tests with the Python SDK: ${why}`);
  process.exit(0);
}
