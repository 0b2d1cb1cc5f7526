/**
 * Tries the README's commands as a new user does: it clones the last commit into an empty folder, and runs `npm ci`,
 * `npm run demo` and `npm test` there with each Node.js. It prints how long each took, and the warnings of npm.
 *
 *   npm run test:fresh                on Node.js 20, 22 and 24
 *   npm run test:fresh -- 24          on one of them
 *
 * The exit code is 1 if a command failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { readArguments } from './arguments.mjs';
import { binary, installNodes, root } from './nodes.mjs';
import { endWith, requireTools } from './tools.mjs';

const MAJORS = ['20', '22', '24'];
const COMMANDS = [['ci'], ['run', 'demo'], ['test']];

const { positionals: asked } = readArguments('test:fresh', {}, { positionals: MAJORS });
requireTools('test:fresh', ['git', 'npm']);
const majors = asked.length > 0 ? asked : MAJORS;
const whyNot = installNodes(majors);
if (whyNot !== undefined) endWith('test:fresh', whyNot);

for (const major of majors) {
  const scratch = mkdtempSync(join(tmpdir(), 'trace-agent-fresh-'));
  try {
    tryOn(major, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function tryOn(major, scratch) {
  const clone = join(scratch, 'clone');
  execFileSync('git', ['clone', '--quiet', root, clone]);
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  symlinkSync(binary(major), join(bin, 'node'));
  const env = environment(bin);
  const version = execFileSync(binary(major), ['--version'], { encoding: 'utf8' }).trim();
  const npm = execFileSync('npm', ['--version'], { encoding: 'utf8', env }).trim();
  console.log(`Node.js ${version}, npm ${npm}`);
  for (const command of COMMANDS) {
    const begun = performance.now();
    const { status, stdout, stderr } = spawnSync('npm', command, { cwd: clone, env, encoding: 'utf8' });
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.log(
      `  npm ${command.join(' ').padEnd(9)} ${String(seconds).padStart(4)} s${status === 0 ? '' : '  FAILED'}`,
    );
    for (const warning of stderr.split('\n').filter((line) => /^npm (warn|error)/.test(line))) {
      console.log(`    ${warning}`);
    }
    if (status === 0) continue;
    process.exitCode = 1;
    console.log(`${stdout}\n${stderr}`);
    return;
  }
}

/** Returns the environment without the variables that npm set for this script, because they refer to this folder. */
function environment(bin) {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || /^npm_config_(registry|cache)$/i.test(name),
  );
  return { ...Object.fromEntries(own), PATH: `${bin}${delimiter}${process.env['PATH']}` };
}
