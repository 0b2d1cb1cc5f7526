import { describe, expect, it } from 'vitest';
import { checkBundlers } from '../../src/doctor/checks/bundlers.ts';
import { checkNode } from '../../src/doctor/checks/node-version.ts';
import { checkPreload } from '../../src/doctor/checks/preload.ts';
import { findCopies, findPackage, readProject } from '../../src/doctor/project.ts';
import { formatReport } from '../../src/doctor/report.ts';
import { makeProject, type ProjectFiles, START } from './support.ts';

const project = (files: Record<string, unknown> = {}, env: NodeJS.ProcessEnv = {}, more: ProjectFiles = {}) =>
  readProject(makeProject({ ...more, files }), env);
const shown = (findings: readonly { outcome: string; summary: string }[]) =>
  findings.map(({ outcome, summary }) => `${outcome}: ${summary}`);
const start = (script: string) => ({ 'package.json': { scripts: { start: script } } });

describe('the version of Node.js', () => {
  it.each<[string, Record<string, string>, string]>([
    ['a Dockerfile', { Dockerfile: 'FROM docker.io/node:16-alpine\n' }, 'Dockerfile asks for 16'],
    ['.nvmrc', { '.nvmrc': 'v18.12.1\n' }, '.nvmrc asks for v18.12.1'],
    ['.node-version', { '.node-version': '14' }, '.node-version asks for 14'],
  ])('is a problem if %s asks for one that is too old', (_what, files, text) => {
    expect(shown(checkNode(project(files))).slice(1)).toEqual([
      `problem: ${text}, where the application starts without the agent`,
    ]);
  });

  it('is well if the agent supports it', () => {
    const files = { Dockerfile: 'FROM node:22.11\nFROM nginx:1\n', '.nvmrc': 'lts/*' };
    expect(shown(checkNode(project(files), 0))).toEqual([
      `ok: Node.js ${process.versions.node} is supported`,
    ]);
  });

  it('is something to know if its support has ended', () => {
    expect(shown(checkNode(project(), Date.parse('2040-01-01')))).toEqual([
      expect.stringMatching(/^note: .* its own support ended on/),
    ]);
  });
});

describe('the preload', () => {
  const check = (...given: Parameters<typeof project>) => shown(checkPreload(project(...given)).findings);

  it('is a problem if it is missing', () => {
    expect(check(start('node app.mjs'))).toEqual([
      expect.stringMatching(/^problem: nothing in this project preloads/),
    ]);
  });

  it.each<[string, Parameters<typeof project>]>([
    ['a script', [start(START)]],
    ['NODE_OPTIONS', [start('node app.mjs'), { NODE_OPTIONS: '--import @org/trace-agent/register' }]],
    ['NODE_OPTIONS in a script', [start('NODE_OPTIONS="--import @org/trace-agent/register" node app.mjs')]],
    [
      'a Dockerfile',
      [
        {
          ...start('node app.mjs'),
          Dockerfile: 'CMD ["node", "--import", "@org/trace-agent/register", "app.mjs"]',
        },
      ],
    ],
    [
      'ENV of a Dockerfile',
      [{ ...start('node app.mjs'), Dockerfile: 'ENV NODE_OPTIONS="--require @org/trace-agent/register"' }],
    ],
    ['--env-file before it', [start(`node --env-file .env --import @org/trace-agent/register app.mjs`)]],
  ])('is found in %s', (_where, given) => {
    expect(check(...given)).toEqual([expect.stringMatching(/^ok: .* @org\/trace-agent\/register$/)]);
  });

  it('is a problem if the package is not installed', () => {
    expect(check({}, {}, { hasAgent: false })).toEqual([
      'problem: scripts.start: @org/trace-agent/register cannot be found from this folder',
    ]);
  });

  it('is a problem if its path does not exist', () => {
    expect(check(start('node --require ./agent/register.cjs app.mjs'))).toEqual([
      'problem: scripts.start: ./agent/register.cjs cannot be found from this folder',
    ]);
  });

  it('is a problem if it stands behind the file', () => {
    expect(check(start('node app.mjs --import @org/trace-agent/register'))).toEqual([
      expect.stringMatching(/^problem: scripts.start: .* stands behind the file/),
    ]);
  });

  it('is a problem if NODE_OPTIONS has quotes of its own', () => {
    expect(check({}, { NODE_OPTIONS: '"--import @org/trace-agent/register"' })).toContainEqual(
      expect.stringMatching(/^problem: the value of NODE_OPTIONS has quotes of its own/),
    );
  });

  it.each([
    'node -C development --import @org/trace-agent/register app.mjs',
    'node --title app --import @org/trace-agent/register app.mjs',
    'tsx watch --import @org/trace-agent/register app.ts',
  ])('is well behind the value of another option: %s', (script) => {
    expect(check(start(script))).toEqual(['ok: scripts.start: --import @org/trace-agent/register']);
  });

  it('is well in a CMD that gives the arguments of an ENTRYPOINT', () => {
    const Dockerfile = 'ENTRYPOINT ["node"]\nCMD ["--import", "@org/trace-agent/register", "app.mjs"]\n';
    expect(check({ ...start('node app.mjs'), Dockerfile })).toEqual([
      'ok: Dockerfile: --import @org/trace-agent/register',
    ]);
  });

  it.each(['CMD ["node", "app.mjs"]', 'CMD node app.mjs', 'ENTRYPOINT ["/usr/bin/node", "app.mjs"]'])(
    'in a script alone is something to know if the image starts Node.js by itself: %s',
    (line) => {
      expect(check({ Dockerfile: `FROM node:22\n${line}\n` })).toEqual([
        expect.stringMatching(/^ok: scripts.start/),
        'note: Dockerfile starts Node.js without the agent',
      ]);
      const option = 'ENV NODE_OPTIONS="--import @org/trace-agent/register"';
      const preloaded = check({ Dockerfile: `FROM node:22\n${option}\n${line}\n` });
      expect(preloaded).toEqual([expect.stringMatching(/^ok: /), expect.stringMatching(/^ok: Dockerfile/)]);
    },
  );

  it('in a script is enough for an image that runs the script', () => {
    expect(check({ Dockerfile: 'FROM node:22\nCMD ["npm", "start"]\n' })).toHaveLength(1);
  });

  it('is a problem if it names the API, which does not start the agent', () => {
    expect(check(start('node --import @org/trace-agent app.mjs'))).toEqual([
      'problem: scripts.start: --import @org/trace-agent loads the API and does not start the agent',
    ]);
  });

  it('is found in the command that is watched', () => {
    const { directory, env } = project(start('node app.mjs'));
    const command = ['node', '--import', '@org/trace-agent/register', 'app.mjs'];
    expect(shown(checkPreload(readProject(directory, env, command)).findings)).toEqual([
      'ok: the command: --import @org/trace-agent/register',
    ]);
  });

  it('is looked for in a package.json with a byte order mark, and with scripts that are no texts', () => {
    const manifest = JSON.stringify({ main: 5, scripts: { start: START, test: 5, build: {} } });
    expect(check({ 'package.json': `\uFEFF${manifest}` })).toEqual([expect.stringMatching(/^ok: /)]);
  });

  it('is a problem if it is given as a loader', () => {
    expect(check(start('node --loader @org/trace-agent/register app.mjs'))).toEqual([
      expect.stringMatching(/^problem: .* does not start the agent/),
    ]);
  });
});

describe('a bundler', () => {
  const check = (scripts: Record<string, string>, files: Record<string, string> = {}) =>
    shown(checkBundlers(project({ 'package.json': { scripts }, ...files })));
  const build = 'esbuild src/app.ts --bundle --platform=node --outfile=dist/app.js';

  it('is something to know if it bundles packages', () => {
    expect(check({ build })).toEqual([
      expect.stringMatching(/^note: scripts.build \(esbuild\): libraries in a bundle are not patched$/),
    ]);
    expect(check({}, { 'webpack.config.js': 'module.exports = {}' })).toHaveLength(1);
  });

  it('is well if it leaves packages out', () => {
    expect(check({ build: `${build} --packages=external` })).toEqual([expect.stringMatching(/^ok: /)]);
  });

  it('is a problem if the bundle holds a library that cannot be followed', () => {
    const files = {
      'dist/app.js': '// node_modules/undici/lib/core/request.js\nvar a = "grpc-node-js/1.0";\n',
    };
    expect(check({ build, start: 'node dist/app.js' }, files)).toEqual([
      'problem: dist/app.js holds @grpc/grpc-js, undici 5 to 7: their requests may carry no trace from there',
    ]);
    expect(check({ build, start: 'node dist/app.js' }, { 'dist/app.js': '1' })).toEqual([
      'ok: dist/app.js holds no library that cannot be followed in a bundle',
    ]);
  });

  it('is not mentioned if there is none', () => {
    expect(check({ start: START })).toEqual([]);
  });
});

it('all copies of a package are found, and a link to a store is the same copy', () => {
  const manifest = (version: string) => ({ name: 'langsmith', version });
  const found = project({
    'node_modules/langsmith/package.json': manifest('0.12.0'),
    'node_modules/old/package.json': {},
    'node_modules/old/node_modules/langsmith/package.json': manifest('0.3.87'),
    'node_modules/@scope/other/node_modules/langsmith/package.json': manifest('0.2.0'),
    'node_modules/.pnpm/langsmith@0.1.0/node_modules/langsmith/package.json': manifest('0.1.0'),
  });
  expect(findCopies(found, 'langsmith').map(({ version }) => version)).toEqual(
    expect.arrayContaining(['0.12.0', '0.3.87', '0.2.0', '0.1.0']),
  );
  const linked = project({}, {}, { packages: ['langsmith'] });
  expect(findCopies(linked, 'langsmith')).toHaveLength(1);
  expect(findPackage(linked, 'axios')).toBeUndefined();
});

it('a report shows remedies below, a sum at the end, and no control characters', () => {
  const report = { version: '1.0.0', node: '22.0.0', directory: '/srv' };
  const findings = [
    { outcome: 'ok', check: 'node', summary: 'fine' },
    { outcome: 'problem', check: 'tracing', summary: 'bad \u001b[31m', remedy: 'one\n  two' },
    { outcome: 'note', check: 'bundler', summary: 'known' },
    { outcome: 'skipped', check: 'LangSmith', summary: 'not asked' },
  ] as const;
  expect(formatReport({ ...report, findings }, false)).toBe(`trace-agent 1.0.0 in /srv (Node.js 22.0.0)

✓ node            fine
✗ tracing         bad \\x1b[31m
                  one
                    two
! bundler         known
- LangSmith       not asked

1 problem, 1 thing to know, 1 check did not run.
`);
  expect(formatReport({ ...report, findings: findings.slice(0, 1) }, false)).toMatch(/\nAll is well\.\n$/);
});
