// Runs the tests with the Python SDK in their own virtual environment.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { endWith, requireTools } from './tools.mjs';

readArguments('test:python');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const venv = join(root, '.cache', 'python');
const python = join(venv, 'bin', 'python');
const requirements = join(root, 'fixtures', 'python', 'requirements.txt');
const installed = join(venv, 'installed.txt');

requireTools('test:python', ['python3']);
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(requirements, 'utf8')) {
  if (!run('python3', ['-m', 'venv', '--clear', venv])) {
    endWith(
      'test:python',
      'a virtual environment cannot be made; to install what it needs: apt-get install python3-venv',
    );
  }
  if (!run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])) {
    endWith(
      'test:python',
      'pip cannot install the packages of fixtures/python/requirements.txt; its message is above',
    );
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
