/**
 * Checks the package as users get it: packs it, installs the tarball in an empty project, and uses it there. Run it
 * after `npm run build`. It prints a line for each check and exits with code 1 if one fails.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readArguments } from './arguments.mjs';
import { requireTools } from './tools.mjs';

readArguments('check:package');
requireTools('check:package', ['npm', 'npx']);

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));
const COMMAND_TIMEOUT_MS = 120_000;
const APP_TIMEOUT_MS = 15_000;

const TRACE = '20260101T000000000001Z11111111-1111-4111-8111-111111111111';
const BAGGAGE = 'langsmith-project=shop';

const SHIPPED = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|register\.mjs|register\.d\.mts)$/,
  /^dist\/(cli\.js|doctor-probe\.js|page\.html|index\.js|index\.cjs|register\.cjs|THIRD-PARTY-NOTICES)$/,
  /^dist\/\w+\.d\.c?ts$/,
];
const REQUIRED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/THIRD-PARTY-NOTICES', 'dist/page.html'];

/**
 * Relays a request to TARGET_URL with the client that its path names, and answers with the headers that the target
 * received.
 */
const RELAY_BODY = `
const target = process.env.TARGET_URL;
const clients = {
  '/fetch': async () => (await fetch(target)).text(),
  '/http': () =>
    new Promise((resolve, reject) => {
      const request = http.get(target, (response) => {
        let body = '';
        response.on('data', (chunk) => { body += chunk; }).on('end', () => resolve(body));
      });
      request.on('error', reject);
    }),
};
const server = http.createServer(async (req, res) => res.end(await clients[req.url]()));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

const API_NAMES = ['traceHeaders', 'continueTrace', 'start', 'stop', 'status'];

/** Prints the types of the API's functions, and the trace that the API returns within a continued trace. */
const API_BODY = `
const api = { ${API_NAMES.join(', ')} };
const types = Object.values(api).map((value) => typeof value);
const inside = continueTrace({ 'langsmith-trace': '${TRACE}' }, () => traceHeaders());
console.log(JSON.stringify({ types, trace: inside['langsmith-trace'], status: typeof status() }));
`;

const TYPES_BODY = `
const headers: Record<string, string> = continueTrace({ 'langsmith-trace': '${TRACE}' }, () => traceHeaders());
export const seen = [headers, start, stop, status()];
`;

const APPS = {
  'app.mjs': `import http from 'node:http';\n${RELAY_BODY}`,
  'app.cjs': `const http = require('node:http');\n${RELAY_BODY}`,
  'api.mjs': `import { ${API_NAMES.join(', ')} } from '@org/trace-agent';\n${API_BODY}`,
  'api.cjs': `const { ${API_NAMES.join(', ')} } = require('@org/trace-agent');\n${API_BODY}`,
  'types.mts': `import { ${API_NAMES.join(', ')} } from '@org/trace-agent';\n${TYPES_BODY}`,
  'types.cts': `import agent = require('@org/trace-agent');\nconst { ${API_NAMES.join(', ')} } = agent;\n${TYPES_BODY}`,
};

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

/** Returns the environment without variables that could preload, configure or disturb the agent. */
function cleanEnvironment() {
  const disturbing = /^(NODE_OPTIONS$|TRACE_AGENT_|LANGSMITH_|LANGCHAIN_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !disturbing.test(name)));
}

/** Runs a command. If it fails, the error's message is its output. @returns {Promise<string>} its stdout */
async function run(command, commandArguments, cwd) {
  const options = { cwd, env: cleanEnvironment(), timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 };
  const shell = process.platform === 'win32'; // npm and npx are batch files there
  try {
    return (await promisify(execFile)(command, commandArguments, { ...options, shell })).stdout;
  } catch (error) {
    throw new Error(
      `${command} ${commandArguments.join(' ')}\n${error.stdout ?? ''}${error.stderr || error.message}`,
    );
  }
}

async function pack(directory) {
  const flags = ['--json', '--ignore-scripts', '--pack-destination', directory];
  const [{ filename, files }] = Object.values(JSON.parse(await run('npm', ['pack', ...flags], REPOSITORY)));
  return { tarball: join(directory, filename), paths: files.map(({ path }) => path) };
}

/** Returns every path that a package.json refers to, at any depth of `exports`. */
function pathsIn(value) {
  if (typeof value === 'string') return [value.replace(/^\.\//, '')];
  return Object.values(value ?? {}).flatMap(pathsIn);
}

async function checkContents({ paths }) {
  const unexpected = paths.filter((path) => !SHIPPED.some((pattern) => pattern.test(path)));
  expect(unexpected.length === 0, `should not be shipped: ${unexpected.join(', ')}`);

  const { main, module, types, bin, exports } = JSON.parse(
    await readFile(join(REPOSITORY, 'package.json'), 'utf8'),
  );
  const needed = [...REQUIRED, ...pathsIn({ main, module, types, bin, exports })];
  const missing = [...new Set(needed)].filter((path) => !paths.includes(path));
  expect(missing.length === 0, `missing: ${missing.join(', ')}`);
}

async function checkNoLocalPaths({ project, paths }) {
  const local = [REPOSITORY, await realpath(REPOSITORY), join(homedir(), '/')].filter(
    (prefix) => prefix !== '/',
  );
  for (const path of paths) {
    const text = await readFile(join(project, 'node_modules/@org/trace-agent', path), 'utf8');
    const found = local.find((prefix) => text.includes(prefix));
    expect(!found, `${path} names ${found}`);
  }
}

/** Installs offline: a package without dependencies needs only its tarball. */
async function install({ project, tarball }) {
  await mkdir(project);
  const start = 'node --import @org/trace-agent/register app.mjs';
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, scripts: { start } }));
  for (const [name, source] of Object.entries(APPS)) await writeFile(join(project, name), source);
  await run(
    'npm',
    ['install', '--prefix', project, '--offline', '--no-audit', '--no-fund', tarball],
    project,
  );
  const installed = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
  expect(installed.join() === '@org', `it also installed ${installed}`);
}

async function startEcho() {
  const server = createServer((req, res) => res.end(JSON.stringify(req.headers))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

/** Starts a relay with these Node.js arguments, and asserts which headers reach the server behind it. */
async function checkRelay(nodeArguments, cwd, { relays = true } = {}) {
  const expected = relays ? { trace: TRACE, baggage: `langsmith-trace=${TRACE},${BAGGAGE}` } : {};
  const echo = await startEcho();
  const app = spawn(process.execPath, nodeArguments, {
    cwd,
    env: { ...cleanEnvironment(), TARGET_URL: echo.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  app.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const signal = AbortSignal.timeout(APP_TIMEOUT_MS);
  const ended = once(app, 'exit').then(([code]) =>
    Promise.reject(new Error(`the app ended, exit code ${code}`)),
  );
  ended.catch(() => {});
  try {
    const [port] = await Promise.race([once(app.stdout, 'data', { signal }), ended]);
    const ask = async (path, headers) =>
      (await fetch(`http://127.0.0.1:${Number(port)}${path}`, { headers, signal })).json();
    for (const path of ['/fetch', '/http']) {
      const seen = await ask(path, { 'langsmith-trace': TRACE, baggage: BAGGAGE });
      expect(
        seen['langsmith-trace'] === expected.trace,
        `${path}: langsmith-trace is ${seen['langsmith-trace']}`,
      );
      expect(seen.baggage === expected.baggage, `${path}: baggage is ${seen.baggage}`);
      const untraced = await ask(path, {});
      expect(
        !('langsmith-trace' in untraced || 'baggage' in untraced),
        `${path}: a header where none came in`,
      );
    }
    expect(stderr === '', 'it wrote to stderr');
  } catch (error) {
    throw new Error(`${error.message}\n${stderr}`.trim());
  } finally {
    app.kill('SIGKILL');
    echo.server.closeAllConnections();
    echo.server.close();
  }
}

async function checkApi(nodeArguments, cwd) {
  const seen = JSON.parse(await run(process.execPath, nodeArguments, cwd));
  const notFunctions = API_NAMES.filter((_, index) => seen.types[index] !== 'function');
  expect(notFunctions.length === 0, `no function: ${notFunctions.join(', ')}`);
  expect(seen.trace === TRACE, `traceHeaders() inside of continueTrace() gives ${seen.trace}`);
  expect(seen.status === 'object', `status() gives a value of type ${seen.status}`);
}

/** Checks the declaration files as well, in a project that does not have the types of Node. */
async function checkTypes(project) {
  const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    'false',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ];
  await run(process.execPath, [compiler, ...flags, 'types.mts', 'types.cts'], project);
}

async function checkCommand(project) {
  const { version } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
  const printed = (await run('npx', ['--no-install', 'trace-agent', '--version'], project)).trim();
  expect(printed === version, `trace-agent --version prints ${printed}`);
}

/** Needs the files that the command starts as child processes. */
async function checkDoctor(project) {
  const printed = await run(
    'npx',
    ['--no-install', 'trace-agent', 'doctor', '--json', '--timeout', '60'],
    project,
  );
  const { findings } = JSON.parse(printed);
  for (const name of ['preload', 'starts', 'built-in']) {
    const found = findings.find(({ check }) => check === name);
    expect(found?.outcome === 'ok', `${name}: ${found?.summary}`);
  }
}

/** Checks the file as an image or a volume holds it: alone, with no package.json near it. */
async function checkCopiedFile({ project, directory }) {
  const elsewhere = join(directory, 'copied');
  await mkdir(elsewhere);
  const copy = join(elsewhere, 'register.cjs');
  await copyFile(join(project, 'node_modules/@org/trace-agent/dist/register.cjs'), copy);
  await writeFile(join(elsewhere, 'app.cjs'), APPS['app.cjs']);
  await checkRelay(['--require', copy, 'app.cjs'], elsewhere);
}

async function check(title, action) {
  try {
    await action();
    console.log(`ok      ${title}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${title}\n${error.message.replaceAll(/^/gm, '        ')}`);
    return false;
  }
}

async function main(directory) {
  const project = join(directory, 'project');
  const { tarball, paths } = await pack(directory);
  const entry = '@org/trace-agent/register';
  const lint = (tool, ...flags) => run('npx', ['--no-install', tool, ...flags, tarball], REPOSITORY);
  const checks = [
    ['the tarball holds what it should, and no more', () => checkContents({ paths })],
    ['it installs in an empty project, offline, with no dependency', () => install({ project, tarball })],
    ['no file names a local path', () => checkNoLocalPaths({ project, paths })],
    ['without the agent an app relays nothing', () => checkRelay(['app.mjs'], project, { relays: false })],
    [`--import ${entry} app.mjs`, () => checkRelay(['--import', entry, 'app.mjs'], project)],
    [`--import ${entry} app.cjs`, () => checkRelay(['--import', entry, 'app.cjs'], project)],
    [`--require ${entry} app.cjs`, () => checkRelay(['--require', entry, 'app.cjs'], project)],
    [`--require ${entry} app.mjs`, () => checkRelay(['--require', entry, 'app.mjs'], project)],
    ['--require of a copy of dist/register.cjs alone', () => checkCopiedFile({ project, directory })],
    ['import of the API under the agent', () => checkApi(['--import', entry, 'api.mjs'], project)],
    ['require of the API under the agent', () => checkApi(['--require', entry, 'api.cjs'], project)],
    ['TypeScript takes the API, by import and by require', () => checkTypes(project)],
    ['the command trace-agent', () => checkCommand(project)],
    ['trace-agent doctor', () => checkDoctor(project)],
    ['publint', () => lint('publint', 'run', '--strict')],
    ['attw', () => lint('attw', '--profile', 'node16')],
  ];
  let failed = 0;
  for (const [title, action] of checks) if (!(await check(title, action))) failed++;
  console.log(`\n${checks.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

const directory = await mkdtemp(join(await realpath(tmpdir()), 'trace-agent-package-'));
try {
  process.exitCode = (await main(directory)) ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
