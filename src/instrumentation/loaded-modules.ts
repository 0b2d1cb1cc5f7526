/**
 * Finds CommonJS modules of named files, those that are loaded already and those that are loaded later: Node puts
 * the one kind into `Module._cache` and loads the other through `Module._extensions['.js']`, for `require` and for
 * `import` alike (Node 18 to 26).
 */
import { moduleClass } from '../builtins.ts';
import { logFailure } from '../log.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

/** A file, and what to do with what it exports. */
export interface WantedModule {
  readonly path: RegExp;
  /** @param module is there for who must put another object in place of `exports` */
  found(exports: unknown, module: { exports?: unknown } | undefined): void;
}

interface LoadedModule {
  exports?: unknown;
}
type Load = (module: LoadedModule, filename: string) => void;
interface Loader {
  _cache?: Record<string, LoadedModule | undefined>;
  _extensions?: Record<'.js', Load>;
}

export function onModules(wanted: readonly WantedModule[]): Undo {
  const { _cache: cache = {}, _extensions: extensions } = moduleClass<Loader>();
  let isActive = true;

  function look(path: string, module: LoadedModule | undefined): void {
    for (const one of wanted) {
      if (!one.path.test(path)) continue;
      try {
        one.found(module?.exports, module);
      } catch (error) {
        logFailure(`patch ${path}`, error);
      }
    }
  }

  for (const path of Object.keys(cache)) look(path, cache[path]);
  if (extensions?.['.js'] === undefined) return () => {};
  const undo = patchMethod<Record<'.js', Load>, Load>(
    extensions,
    '.js',
    (original) =>
      function load(this: unknown, module, filename) {
        original().call(this, module, filename);
        if (isActive) look(filename, module);
      },
  );
  return () => {
    isActive = false;
    undo();
  };
}
