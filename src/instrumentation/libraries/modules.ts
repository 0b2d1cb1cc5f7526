/**
 * Finds the ES modules of named libraries, in two ways; neither starts a loader thread.
 *
 * - By a `require` of our own, or an `import()`: at the first context, of the copies that lie in the folders of the
 *   application. A module that the application has loaded is not evaluated again, and what comes is the same module. It
 *   costs a start nothing.
 * - By import-in-the-middle (`import-gate.ts`), where TRACE_AGENT_LIBRARIES names such a library by itself: it sees each
 *   copy as it is imported. On Node 22 to 26 it takes 15 ms of a start, half of it for a lexer in WebAssembly, and each
 *   1,000 CommonJS modules take 8 ms more while its hook is there; so the hook is taken away when all copies in the
 *   folders of the application are found, and at the first context.
 *
 * `import()` is for Node versions that cannot `require` ES modules, as soon as there is a server, a request or the SDK,
 * and takes a few turns of the loop. It would not do elsewhere: while it loads a module, a `require` of that module by
 * the application fails (ERR_INTERNAL_ASSERTION, Node 20.19 to 24.11.0).
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { log } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';
import { gateImports } from './import-gate.ts';

type Found = (file: string, exports: object) => void;
type Import = (url: string) => Promise<object>;
/** Not documented, Node 0.1 to 26. */
interface CompiledModule {
  exports: unknown;
  _compile(text: string, filename: string): void;
}

/** The application may be loading a module at the first context, which then cannot be required yet. */
const ATTEMPTS = 10;

export interface ModuleFinder {
  /** Call it when there is a server, a request or the SDK. */
  onCoreLoaded(): void;
  /** Call it before a context is entered. @returns whether it is to be called again */
  onContext(): boolean;
  readonly uninstall: Undo;
}

/**
 * @param files the paths of modules, as they lie in the folders of the application
 * @param isImported whether import-in-the-middle shall see them
 */
export function findModules(files: readonly string[], isImported: boolean, found: Found): ModuleFinder {
  const { pathToFileURL } = builtin<typeof import('node:url')>('url');
  const { realpathSync } = builtin<typeof import('node:fs')>('fs');
  const { require_module: canRequire = false } = process.features as { require_module?: boolean };
  // As an import has them, where packages are linked.
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
        // As from within the package: Node warns of no `require` that is in `node_modules`.
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

/** `p-queue/dist/index.js` of `/app/node_modules/p-queue/dist/index.js`. */
function inPackages(path: string): string {
  return path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length);
}

/** `import()` itself: texts that node:vm compiles have none before Node 21.7, and the preload must parse on Node 8. */
function createImport(): Import {
  const Module = moduleClass<unknown>() as unknown as new (id: string) => CompiledModule;
  const { join } = builtin<typeof import('node:path')>('path');
  const module = new Module('trace-agent:import');
  module._compile('module.exports = (url) => import(url);', join(process.cwd(), 'trace-agent-import.js'));
  return module.exports as Import;
}
