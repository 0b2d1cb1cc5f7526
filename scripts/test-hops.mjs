/**
 * Tests the built agent with libraries that follow redirects, forward requests or use a proxy. No header of the agent
 * may reach a host that policy excludes. The libraries are installed from npm into .cache/.
 *
 *     npm run test:hops                       all, on the running Node
 *     npm run test:hops -- --only got,tunnel  some
 *     npm run test:hops -- --node 24          on another version
 *
 * The exit code is 1 if one failed.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { readArguments, refuseArguments } from './arguments.mjs';
import { installOnce } from './install.mjs';
import { binary, installNodes, root } from './nodes.mjs';

const { FORWARDING, PROXYING, REDIRECTING, nameOf } = createRequire(import.meta.url)(
  '../fixtures/hops/libraries.cjs',
);
const KINDS = { redirecting: REDIRECTING, forwarding: FORWARDING, proxying: PROXYING };
const PARALLEL = 2;

const { values } = readArguments('test:hops', { only: { type: 'string' }, node: { type: 'string' } });
const only = values.only?.split(',').map((name) => name.trim());
const names = Object.values(KINDS).flatMap((kind) => Object.keys(kind));
for (const wanted of only ?? []) {
  if (!names.some((name) => name.includes(wanted)))
    refuseArguments('test:hops', `no library is named '${wanted}'`);
}
const lacking = values.node === undefined ? undefined : installNodes([values.node]);
if (lacking !== undefined) throw new Error(lacking);
const node = values.node === undefined ? process.execPath : binary(values.node);

const folder = join(root, '.cache', 'hops');
const specifications = new Set(
  Object.values(KINDS).flatMap((kind) =>
    Object.values(kind).flatMap(([specification]) => specification ?? []),
  ),
);
const aliases = [...specifications].map((one) => `${nameOf(one)}@npm:${one}`);
if (!installOnce(folder, aliases)) throw new Error('the libraries cannot be installed');

/** The policy includes 127.0.0.1 and excludes localhost. A plain-text proxy may have the excluded name. */
const EXCEPTED = { TRACE_AGENT_PROPAGATE_TO: '*,!localhost' };
const queue = [];
for (const [kind, libraries] of Object.entries(KINDS)) {
  for (const [name, [, , schemes = 'http,https']] of Object.entries(libraries)) {
    if (only !== undefined && !only.some((wanted) => name.includes(wanted))) continue;
    for (const scheme of schemes.split(',')) {
      queue.push({ kind, name, scheme, env: EXCEPTED });
      queue.push({
        kind,
        name,
        scheme,
        env: { ...EXCEPTED, [kind === 'forwarding' ? 'TRACE_AGENT_TRUST' : 'RUN']: 'none' },
      });
    }
  }
}

const counts = { passed: 0, failed: 0 };
async function runQueue() {
  for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
    const problem = await findProblem(one);
    const what = `${one.kind} ${one.name}, ${one.scheme}${one.env.RUN ? ', in a run' : ''}${one.env.TRACE_AGENT_TRUST ? ', not trusted' : ''}`;
    counts[problem === undefined ? 'passed' : 'failed']++;
    console.log(problem === undefined ? `ok      ${what}` : `FAILED  ${what}: ${problem}`);
  }
}
await Promise.all(Array.from({ length: PARALLEL }, runQueue));
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;

/** @returns a description of the problem, if any */
async function findProblem({ kind, name, scheme, env }) {
  const { code, stdout, stderr } = await run([kind, name, scheme, folder], env);
  if (code !== 0) return stderr.trim().split('\n').slice(0, 8).join(' | ');
  // The libraries may also print lines.
  const read = JSON.parse(stdout.trim().split('\n').at(-1));
  const wanted = expected(kind, scheme, env, read);
  const found = JSON.stringify(read);
  return found === JSON.stringify(wanted) ? undefined : `${found}, not ${JSON.stringify(wanted)}`;
}

function expected(kind, _scheme, env, read) {
  const everything = ['127.0.0.1', 'everything', false];
  const nothing = (host) => [host, 'nothing', false];
  if (kind === 'redirecting') return [everything, nothing('localhost'), everything];
  if (kind === 'forwarding') {
    const inside = env.TRACE_AGENT_TRUST ? 'nothing' : 'everything';
    // Some libraries put the target's name into `Host`, and some keep the caller's.
    return [read[0]?.[0], read[1]?.[0]].map((host, i) => [host, i === 0 ? inside : 'nothing', false]);
  }
  // Through a tunnel, the policy applies to the target as if there were no proxy. A plain-text proxy reads the
  // headers that the target gets.
  return read.flatMap(([host]) => {
    if (host.startsWith('proxy')) return [nothing(host)];
    const isTunnelled = read.some(([one]) => one === 'proxy, CONNECT');
    return [host === '127.0.0.1' && isTunnelled ? everything : nothing(host)];
  });
}

function run(args, env) {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^(TRACE_AGENT_|LANGSMITH_|LANGCHAIN_|NODE_OPTIONS$|https?_proxy$)/i.test(key),
    ),
  );
  const tracing = {
    LANGSMITH_TRACING: 'true',
    LANGSMITH_API_KEY: 'any',
    LANGSMITH_ENDPOINT: 'http://127.0.0.9:9',
  };
  const options = [
    '--require',
    join(root, 'dist', 'register.cjs'),
    '--no-warnings',
    '--dns-result-order=ipv4first',
  ];
  const child = spawn(node, [...options, join(root, 'fixtures', 'hops', 'hops.cjs'), ...args], {
    env: { ...clean, ...(env.RUN ? tracing : {}), NODE_TLS_REJECT_UNAUTHORIZED: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...output })));
}
