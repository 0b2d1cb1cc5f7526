/**
 * Finds CommonJS modules by the names of their files, whether they are loaded already or are loaded later. Node keeps
 * loaded modules in `Module._cache` and loads others by `Module._extensions['.js']`, for `require` and for `import`
 * (Node 18 to 26).
 */
import { moduleClass } from '../builtins.ts';
import { logFailure } from '../log.ts';
import { patchMethod, type Undo } from './instrumentation.ts';

/** A file, and the function that receives its exports. */
export interface WantedModule {
  readonly path: RegExp;
  /** @param module the module, for a caller that must replace `exports` by another object */
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
