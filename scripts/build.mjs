// Builds dist/: the preload and the API as CommonJS bundles, an ESM wrapper for the API, the command line, and types.
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
  charset: 'ascii',
  legalComments: 'inline',
  logLevel: 'warning',
  define: { __VERSION__: JSON.stringify(version) },
  // Class fields become plain assignments in constructors, because a `RemoteRun` is created for each traced request.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
};

/**
 * The sources are ESM and therefore strict, so the bundles must be strict too: the `arguments` object of a sloppy
 * function costs a microsecond for each request.
 */
const strict = { banner: { js: '"use strict";' } };

/** Half the size takes half the time to compile. Names are kept for stack traces. */
const small = { minifyWhitespace: true, minifySyntax: true };

/**
 * Replaces a module by a string of source text that is compiled when it is first needed. V8 pre-parses all code when
 * it loads a file, which takes as long as the rest of the start-up, but it skips a string at once. The module exports
 * `create...`, which the text defines, and `prepare...`, which returns a function that compiles the text.
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
          // These values must come from the preload: its `require` and `module` find Node's modules, and its realm
          // may differ.
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

/** Replaces a package, which is needed only for features that are not used here, by `contents`. */
function without(name, contents) {
  return {
    name: `without ${name}`,
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: `without ${name}` }));
      onLoad({ filter: /^/, namespace: `without ${name}` }, () => ({ contents }));
    },
  };
}

const explanationsAsText = asText('explain/explanations.ts', 'Explanations');
const coreAsText = asText('core.ts', 'Core', { plugins: [explanationsAsText] });
const librariesAsText = [
  asText('instrumentation/libraries/hooks.ts', 'Hooks', {
    plugins: [without('debug', 'module.exports = () => () => {};')],
  }),
  asText('instrumentation/libraries/import-hook.ts', 'ImportHook', {
    // The hooks of CommonJS modules, which are patched when they are loaded.
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
  // This file must parse on Node 8, where the agent leaves the process alone without an error.
  build({
    ...common,
    ...small,
    ...strict,
    plugins: [coreAsText, ...librariesAsText],
    entryPoints: ['src/preload.ts'],
    outfile: 'dist/register.cjs',
    format: 'cjs',
    target: 'node8',
    // Node 8 supports template literals. esbuild would replace them by `concat`, because Node 8 lacks only a detail
    // of tagged ones, and `concat` is slower in each request.
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
  // Runs in the child processes of `trace-agent doctor`.
  build({ ...common, entryPoints: ['src/doctor/probe/main.ts'], outfile: 'dist/doctor-probe.js', ...esm() }),
  build({ ...common, entryPoints: ['src/collector/index.ts'], outfile: 'dist/collector.js', ...esm() }),
  buildPage(root, join(dist, 'page.html')),
]);

// The ESM entry loads the CommonJS bundle, so that both module systems share one instance of the code.
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

/** Keeps the public types, once for each module system, and removes all other declarations, which are internal. */
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

/** Options for an ESM bundle, which needs a `require` for the CommonJS code that is bundled into it. */
function esm() {
  const banner =
    "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
  return { format: 'esm', target: 'node18', banner: { js: banner } };
}

/** Formats the licence of a package and names the bundle that contains it. */
function notice(name, bundle, files = ['LICENSE']) {
  const texts = files.map((file) => readFileSync(join(root, 'node_modules', name, file), 'utf8'));
  return [`${name}, bundled into ${bundle}\n`, ...texts].join('\n');
}

function typescript() {
  return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
}
