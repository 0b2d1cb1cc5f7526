/**
 * Finds the ES modules of named libraries in two ways. Neither starts a loader thread.
 *
 * - The agent calls `require` or `import()` at the first context, for the copies in the application's folders. A
 *   module that the application has loaded is not evaluated again: the call returns the same module. This adds
 *   nothing to the start-up time.
 * - import-in-the-middle (`import-gate.ts`) is used if TRACE_AGENT_LIBRARIES names such a library explicitly. It sees
 *   each copy when it is imported. On Node 22 to 26 it adds 15 ms to the start-up, half of it for a lexer in
 *   WebAssembly, and 8 ms for each 1,000 CommonJS modules that load while its hook is installed. So the hook is
 *   removed when all copies in the application's folders are found, and at the latest at the first context.
 *
 * `import()` is used on Node versions that cannot `require` ES modules. It is called as soon as there is a server, a
 * request or the SDK, because it takes a few turns of the event loop. It is not used on other versions, because a
 * `require` of a module by the application fails while `import()` loads the module (ERR_INTERNAL_ASSERTION, Node
 * 20.19 to 24.11.0).
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { log } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';
import { gateImports } from './import-gate.ts';

type Found = (file: string, exports: object) => void;
type Import = (url: string) => Promise<object>;
/** Undocumented, present in Node 0.1 to 26. */
interface CompiledModule {
  exports: unknown;
  _compile(text: string, filename: string): void;
}

/**
 * The number of attempts. The application may be loading a module at the first context, and the module cannot be
 * required then.
 */
const ATTEMPTS = 10;

export interface ModuleFinder {
  /** Call it when the application first uses a server, a request or the SDK. */
  onCoreLoaded(): void;
  /** Call it before a context is entered. @returns whether it must be called again */
  onContext(): boolean;
  readonly uninstall: Undo;
}

/**
 * @param files the paths of modules in the application's folders
 * @param isImported whether import-in-the-middle should observe them
 */
export function findModules(files: readonly string[], isImported: boolean, found: Found): ModuleFinder {
  const { pathToFileURL } = builtin<typeof import('node:url')>('url');
  const { realpathSync } = builtin<typeof import('node:fs')>('fs');
  const { require_module: canRequire = false } = process.features as { require_module?: boolean };
  // An import has the real path of a linked package.
  const waiting = new Map(
    files.map((file) => realpathSync(file)).map((path) => [pathToFileURL(path).href, path]),
  );
  let attempts = 0;
  let ungate: Undo | undefined = isImported
    ? gateImports(files.map(inPackages), (url, exports) => {
        found(url, exports);
        waiting.delete(url);
        if (waiting.size === 0) closeGate();
      })
    : undefined;

  function closeGate(): void {
    ungate?.();
    ungate = undefined;
  }

  function requireAll(): void {
    for (const [url, path] of waiting) {
      try {
        // The `require` is created inside of the package, because Node prints no warning for a `require` in
        // `node_modules`.
        found(path, moduleClass().createRequire(path)(path));
        waiting.delete(url);
      } catch (error) {
        log('debug', `${path} cannot be patched yet: ${error}`);
      }
    }
  }

  function importAll(): void {
    const load = createImport();
    for (const [url, path] of waiting) {
      load(url).then(
        (exports) => found(path, exports),
        (error) => log('debug', `${path} cannot be patched: ${error}`),
      );
    }
  }

  return {
    onCoreLoaded() {
      if (!canRequire) importAll();
    },
    onContext() {
      closeGate();
      if (!canRequire) return false;
      requireAll();
      return waiting.size > 0 && ++attempts < ATTEMPTS;
    },
    uninstall: closeGate,
  };
}

/** Returns `p-queue/dist/index.js` for `/app/node_modules/p-queue/dist/index.js`. */
function inPackages(path: string): string {
  return path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length);
}

/**
 * Returns a function that calls `import()`. The function is compiled with `Module._compile`, because code that
 * node:vm compiles cannot use `import()` before Node 21.7, and because the preload must parse on Node 8.
 */
function createImport(): Import {
  const Module = moduleClass<unknown>() as unknown as new (id: string) => CompiledModule;
  const { join } = builtin<typeof import('node:path')>('path');
  const module = new Module('trace-agent:import');
  module._compile('module.exports = (url) => import(url);', join(process.cwd(), 'trace-agent-import.js'));
  return module.exports as Import;
}
