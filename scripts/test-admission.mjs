// Applies the policies under deploy/ to the pods of test/admission/pods with the API server's own admission code, and
// writes the results to test/admission/golden. With `--check` it fails on a difference and writes nothing. With
// `--kyverno` it then applies Kyverno's command line to the same pods, which must give the same results.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { buildKyverno } from './kyverno.mjs';
import { requireTools } from './tools.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const module = join(root, 'test', 'admission');
const golden = join(module, 'golden');

const { values } = readArguments('test:admission', {
  check: { type: 'boolean', default: false },
  kyverno: { type: 'boolean', default: false },
});
requireTools('test:admission', ['go']);
const before = goldenPods();
const passed = goTest(values.check ? ['-args', '-check'] : []);
const after = goldenPods();
for (const [name, text] of after) {
  if (before.get(name) !== text) console.log(`CHANGED: ${name}`);
}
console.log(`${after.size} golden pods, made by the API server's engine`);
if (!passed) fail('the policies do not do what they should');
if (values.kyverno) {
  const program = buildKyverno(root);
  if (program === undefined) fail("Kyverno's command line cannot be built: its policies were not tested");
  if (!goTest(['-v', '-run', 'TestKyverno'], { TRACE_AGENT_KYVERNO: program }))
    fail('Kyverno makes other pods');
}

function goTest(args, env = {}) {
  const options = { cwd: module, stdio: 'inherit', env: { ...process.env, ...env } };
  return spawnSync('go', ['test', '-count=1', '.', ...args], options).status === 0;
}

function goldenPods() {
  if (!existsSync(golden)) return new Map();
  const files = readdirSync(golden, { recursive: true }).filter((file) => file.endsWith('.json'));
  return new Map(files.sort().map((file) => [file, readFileSync(join(golden, file), 'utf8')]));
}

function fail(why) {
  console.error(`test:admission: ${why}`);
  process.exit(1);
}
