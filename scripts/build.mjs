// Builds dist/: the preload and the API as CommonJS bundles, an ESM face for the API, the command line, types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { readArguments } from './arguments.mjs';

readArguments('build');

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  charset: 'utf8',
  legalComments: 'inline',
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(version) },
  // Plain assignments in constructors: a `RemoteRun` is made for each traced request.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
};

/** Where the sources are ESM, and so strict: the `arguments` of a sloppy function cost a request a microsecond. */
const strict = { banner: { js: '"use strict";' } };

/** Half the size is half the time to compile; names stay, for stack traces. */
const small = { minifyWhitespace: true, minifySyntax: true };

/**
 * The core is a text in the preload until it is needed: V8 reads through all that is code, which takes as long as all
 * else at start-up, and over a text at once.
 */
const coreAsText = {
  name: 'core as text',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]src[\\/]core\.ts$/ }, async () => {
      const { outputFiles } = await build({
        ...common,
        ...small,
        entryPoints: ['src/core.ts'],
        write: false,
        format: 'iife',
        globalName: 'core',
        target: 'node18',
      });
      // What is the preload's own: by `require` and `module` it finds Node's modules, and its realm may be another.
      const outer = 'require, module, globalThis, process';
      const text = `(function (${outer}) { "use strict"; ${outputFiles[0].text} return core.createCore; })`;
      const contents = `
        import { builtin } from './builtins.ts';
        let createCore;
        export function prepareCore() {
          const { runInThisContext } = builtin('vm');
          return () => (createCore ??= runInThisContext(${JSON.stringify(text)}, 'trace-agent:core')(${outer}));
        }`;
      return { contents, loader: 'ts', resolveDir: join(root, 'src') };
    });
  },
};

await Promise.all([
  // Must parse on Node 8, to leave quietly there.
  build({
    ...common,
    ...small,
    ...strict,
    plugins: [coreAsText],
    entryPoints: ['src/preload.ts'],
    outfile: 'dist/register.cjs',
    format: 'cjs',
    target: 'node8',
    // Node 8 has them. esbuild writes `concat` for them, because of tagged ones alone: slower, with each request.
    supported: { 'template-literal': true },
  }),
  build({
    ...common,
    ...strict,
    entryPoints: ['src/index.ts'],
    outfile: 'dist/index.cjs',
    format: 'cjs',
    target: 'node18',
  }),
  build({ ...common, entryPoints: ['src/cli.ts'], outfile: 'dist/cli.js', ...esm() }),
  build({ ...common, entryPoints: ['src/collector/index.ts'], outfile: 'dist/collector.js', ...esm() }),
]);

// One instance of the code for both module systems.
writeFileSync(
  join(dist, 'index.js'),
  "export { continueTrace, start, status, stop, traceHeaders } from './index.cjs';\n",
);

execFileSync(process.execPath, [typescript(), '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
keepOnlyTypes(['index.d.ts', 'api.d.ts']);
writeFileSync(join(dist, 'register.d.cts'), 'export {};\n');
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES'), notices(['@fastify/busboy', '@fastify/busboy/deps/dicer']));

/** The public types, once for each module system; what the others declare is nobody's business. */
function keepOnlyTypes(names) {
  for (const path of readdirSync(dist, { recursive: true })) {
    if (path.endsWith('.d.ts') && !names.includes(path)) rmSync(join(dist, path));
  }
  for (const name of names) {
    const types = readFileSync(join(dist, name), 'utf8');
    writeFileSync(join(dist, name), types.replaceAll(".ts'", ".js'"));
    writeFileSync(join(dist, name.replace('.d.ts', '.d.cts')), types.replaceAll(".ts'", ".cjs'"));
  }
  for (const { name } of readdirSync(dist, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    rmSync(join(dist, name), { recursive: true });
  }
}

/** ESM with a `require` for the CommonJS that is bundled into it. */
function esm() {
  const banner =
    "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
  return { format: 'esm', target: 'node18', banner: { js: banner } };
}

/** The licences of what cli.js and collector.js have bundled. The preload and the API bundle nothing. */
function notices(packages) {
  return packages
    .map(
      (name) =>
        `${name}, bundled into the command line\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`,
    )
    .join('\n---\n\n');
}

function typescript() {
  return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
}
