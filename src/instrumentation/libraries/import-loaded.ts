/**
 * Finds ES modules of named libraries on Node versions whose synchronous hooks do not work (`import-gate.ts`), without a
 * loader thread: it loads them itself. A module that the application has loaded is not evaluated again, and what comes
 * is the same module. A copy that lies deeper in `node_modules` is not found.
 *
 * - Where Node can `require` ES modules, at the first context. `import()` would not do: while it loads a module, a
 *   `require` of that module by the application fails (ERR_INTERNAL_ASSERTION, Node 20.19 to 24.11.0).
 * - Elsewhere by `import()`, as soon as there is a server, a request or the SDK. It takes a few turns of the loop.
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { log } from '../../log.ts';

type Import = (url: string) => Promise<object>;
type Found = (file: string, exports: object) => void;
/** Not documented, Node 0.1 to 26. */
interface CompiledModule {
  exports: unknown;
  _compile(text: string, filename: string): void;
}

/** The application may be loading a module at the first context, which then cannot be required yet. */
const ATTEMPTS = 10;

export interface LateModules {
  /** Call it when there is a server, a request or the SDK. */
  onCoreLoaded(): void;
  /** Call it before a context is entered. @returns whether it is to be called again */
  onContext(): boolean;
}

/** @param files the paths of modules */
export function findLateModules(files: readonly string[], found: Found): LateModules {
  const { require_module: canRequire = false } = process.features as { require_module?: boolean };
  const waiting = new Set(files);
  let attempts = 0;
  return {
    onCoreLoaded() {
      if (!canRequire) importAll(files, found);
    },
    onContext() {
      if (!canRequire) return false;
      attempts++;
      for (const file of waiting) {
        try {
          // As from within the package: Node warns of no `require` that is in `node_modules`.
          found(file, moduleClass().createRequire(file)(file));
          waiting.delete(file);
        } catch (error) {
          log('debug', `${file} cannot be patched yet: ${error}`);
        }
      }
      return waiting.size > 0 && attempts < ATTEMPTS;
    },
  };
}

function importAll(files: readonly string[], found: Found): void {
  const { pathToFileURL } = builtin<typeof import('node:url')>('url');
  const { realpathSync } = builtin<typeof import('node:fs')>('fs');
  const load = createImport();
  for (const file of files) {
    // As the application's own import has it, where packages are linked.
    const path = realpathSync(file);
    load(pathToFileURL(path).href).then(
      (exports) => found(path, exports),
      (error) => log('debug', `${path} cannot be patched: ${error}`),
    );
  }
}

/** `import()` itself: texts that node:vm compiles have none before Node 21.7, and the preload must parse on Node 8. */
function createImport(): Import {
  const Module = moduleClass<unknown>() as unknown as new (id: string) => CompiledModule;
  const { join } = builtin<typeof import('node:path')>('path');
  const module = new Module('trace-agent:import');
  module._compile('module.exports = (url) => import(url);', join(process.cwd(), 'trace-agent-import.js'));
  return module.exports as Import;
}
