import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Result, root, run } from '../support/app.ts';

const emptyDirectory = mkdtempSync(join(tmpdir(), 'trace-agent-no-tools-'));
afterAll(() => rmSync(emptyDirectory, { recursive: true, force: true }));

/** What users start, by the name that its messages begin with. */
const SCRIPTS = {
  bench: 'bench/main.mjs',
  'bench:compare': 'bench/compare.mjs',
  'bench:micro': 'bench/micro/main.mjs',
  'bench:profile': 'bench/profile.mjs',
  build: 'scripts/build.mjs',
  'check:package': 'scripts/check-package.mjs',
  conformance: 'scripts/conformance.mjs',
  demo: 'fixtures/demo/run.mjs',
  fuzz: 'scripts/fuzz.mjs',
  image: 'scripts/image.mjs',
  'image:files': 'scripts/image-files.mjs',
  'page:picture': 'scripts/page-picture.mjs',
  peers: 'scripts/peers.mjs',
  soak: 'scripts/soak.mjs',
  test: 'scripts/test.mjs',
  'test:admission': 'scripts/test-admission.mjs',
  'test:fresh': 'scripts/test-fresh.mjs',
  'test:hops': 'scripts/test-hops.mjs',
  'test:languages': 'scripts/test-languages.mjs',
  'test:matrix': 'scripts/test-matrix.mjs',
  'test:nodes': 'scripts/test-nodes.mjs',
  'test:page': 'scripts/test-page.mjs',
  'test:python': 'scripts/test-python.mjs',
  'test:repeat': 'scripts/test-repeat.mjs',
} as const;
type Script = keyof typeof SCRIPTS;

function start(script: Script, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return run([join(root, SCRIPTS[script]), ...args], { preload: 'none', env });
}

it('every script of package.json that is ours is tested here', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const ours = Object.values(scripts).flatMap((line) => /\bnode (\S+\.mjs)/.exec(line)?.[1] ?? []);
  const tested: readonly string[] = Object.values(SCRIPTS);
  expect(ours.filter((file) => !tested.includes(file))).toEqual([]);
});

describe('a script', () => {
  it.concurrent.each(Object.keys(SCRIPTS) as Script[])(
    '%s refuses an option that it does not know in one line, exit code 2',
    async (script) => {
      expect(await start(script, ['--no-such-option'])).toEqual({
        code: 2,
        stdout: '',
        stderr: `${script}: Unknown option '--no-such-option'\n`,
      });
    },
  );

  it.concurrent.each<[Script, string[], string]>([
    ['build', ['dist'], "Unknown argument 'dist'"],
    ['conformance', ['17'], "Unknown argument '17'; it takes 18, 20, 22, 24, 26"],
    ['test', ['test/no-such.test.ts'], 'there is no test/no-such.test.ts'],
    ['image', ['--architecture', 'amd64,sparc'], "Unknown argument 'sparc'; it takes amd64, arm64"],
    ['soak', ['--requests', 'many'], "--requests takes a number above 0, not 'many'"],
    ['soak', ['--requests'], "Option '--requests <value>' argument missing"],
    ['test:matrix', ['--only', 'no such library'], '--only no such library names no row'],
    ['test:languages', ['--only', 'cobol'], "Unknown argument 'cobol'; it takes node, python, go, java"],
    ['bench', ['--only', 'speed'], "Unknown argument 'speed'; it takes startup, hop, growth"],
  ])('%s %j is refused in one line, exit code 2', async (script, args, why) => {
    expect(await start(script, args)).toEqual({ code: 2, stdout: '', stderr: `${script}: ${why}\n` });
  });

  it.concurrent.each<[Script, RegExp]>([
    ['image', /^image: umoci is missing; to install it: apt-get install umoci\n(image: .*\n)*$/],
    [
      'test:languages',
      /^(?:test:languages: (?:npm|python3|go|java|javac|mvn) is missing; to install it: .+\n){6}$/,
    ],
    ['test:admission', /^test:admission: go is missing; to install it: .+\n$/],
    [
      'test:python',
      /^test:python: python3 is missing; to install it: apt-get install python3 python3-venv\n$/,
    ],
    ['test:page', /^test:page: chromium is missing; to install it: apt-get install chromium\n$/],
    ['check:package', /^check:package: npm is missing; to install it: .+\n(check:package: .*\n)?$/],
    ...(process.platform === 'linux'
      ? [
          ['bench', /^bench: taskset is missing; to install it: apt-get install util-linux\n$/] as [
            Script,
            RegExp,
          ],
        ]
      : []),
  ])('%s names the tool that is missing and how to install it, exit code 1', async (script, message) => {
    expect(await start(script, [], { PATH: emptyDirectory })).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });
});
