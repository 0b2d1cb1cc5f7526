// Builds dist/: the preload and the API as CommonJS bundles, an ESM face for the API, the command line, types.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { readArguments } from './arguments.mjs';
import { buildPage } from './build-page.mjs';

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
 * Replaces a module by a text that is compiled when it is first needed: V8 reads through all that is code, which takes
 * as long as all else at start-up, and over a text at once. The module exports `create...`, which the text is for, and
 * `prepare...`, which gives a function that compiles it.
 */
function asText(path, name, options = {}) {
  return {
    name: `${name} as text`,
    setup({ onLoad }) {
      onLoad(
        { filter: new RegExp(`[\\\\/]src[\\\\/]${path.replaceAll('/', '[\\\\/]').replace('.', '\\.')}$`) },
        async () => {
          const { outputFiles } = await build({
            ...common,
            ...small,
            ...options,
            entryPoints: [`src/${path}`],
            write: false,
            format: 'iife',
            globalName: 'made',
            target: 'node18',
          });
          // What is the preload's own: by `require` and `module` it finds Node's modules, and its realm may be another.
          const outer = 'require, module, globalThis, process';
          const text = `(function (${outer}) { "use strict"; ${outputFiles[0].text} return made.create${name}; })`;
          const label = `trace-agent:${path.replace(/^.*\/|\.ts$/g, '')}`;
          const contents = `
          import { builtin } from '${'../'.repeat(path.split('/').length - 1) || './'}builtins.ts';
          let create;
          export function prepare${name}() {
            const { runInThisContext } = builtin('vm');
            return () => (create ??= runInThisContext(${JSON.stringify(text)}, '${label}')(${outer}));
          }`;
          return { contents, loader: 'ts', resolveDir: join(root, 'src', dirname(path)) };
        },
      );
    },
  };
}

/** A package that is only needed for what is not used here, by what takes its place. */
function without(name, contents) {
  return {
    name: `without ${name}`,
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: `without ${name}` }));
      onLoad({ filter: /^/, namespace: `without ${name}` }, () => ({ contents }));
    },
  };
}

const coreAsText = asText('core.ts', 'Core');
const librariesAsText = [
  asText('instrumentation/libraries/hooks.ts', 'Hooks', {
    plugins: [without('debug', 'module.exports = () => () => {};')],
  }),
  asText('instrumentation/libraries/import-hook.ts', 'ImportHook', {
    // Of CommonJS modules, which are patched as they are loaded.
    plugins: [
      without(
        'cjs-module-lexer',
        'exports.parse = exports.initSync = () => { throw new Error("no lexer"); };',
      ),
    ],
    define: { ...common.define, 'import.meta.url': '"file:///trace-agent/"' },
  }),
];

await Promise.all([
  // Must parse on Node 8, to leave quietly there.
  build({
    ...common,
    ...small,
    ...strict,
    plugins: [coreAsText, ...librariesAsText],
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
    plugins: librariesAsText,
    entryPoints: ['src/index.ts'],
    outfile: 'dist/index.cjs',
    format: 'cjs',
    target: 'node18',
  }),
  build({ ...common, entryPoints: ['src/cli.ts'], outfile: 'dist/cli.js', ...esm() }),
  build({ ...common, entryPoints: ['src/collector/index.ts'], outfile: 'dist/collector.js', ...esm() }),
  buildPage(root, join(dist, 'page.html')),
]);

// One instance of the code for both module systems.
writeFileSync(
  join(dist, 'index.js'),
  "export { continueTrace, start, status, stop, traceHeaders } from './index.cjs';\n",
);

execFileSync(process.execPath, [typescript(), '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
keepOnlyTypes(['index.d.ts', 'api.d.ts']);
writeFileSync(join(dist, 'register.d.cts'), 'export {};\n');
const PRELOAD = 'the preload and the API';
const COMMAND = 'the command line';
const notices = [
  notice('require-in-the-middle', PRELOAD),
  notice('module-details-from-path', PRELOAD),
  notice('import-in-the-middle', PRELOAD, ['NOTICE', 'LICENSE']),
  notice('es-module-lexer', PRELOAD),
  notice('@fastify/busboy', COMMAND),
  notice('@fastify/busboy/deps/dicer', COMMAND),
  notice('preact', 'the trace page'),
];
writeFileSync(join(dist, 'THIRD-PARTY-NOTICES'), notices.join('\n---\n\n'));

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

/** The licence of a package, and what bundles it. */
function notice(name, bundle, files = ['LICENSE']) {
  const texts = files.map((file) => readFileSync(join(root, 'node_modules', name, file), 'utf8'));
  return [`${name}, bundled into ${bundle}\n`, ...texts].join('\n');
}

function typescript() {
  return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
}
