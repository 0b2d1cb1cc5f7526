/**
 * Patches named libraries when they are loaded. This file is behind the gate (`gate.ts`) and is compiled at the first
 * request that the gate passes.
 *
 * - A `require` of a library that is patched in place goes through require-in-the-middle.
 * - require-in-the-middle cannot see an `import` of a CommonJS module. If an export is replaced, it also gives the
 *   module two identities: `require` would get the replacement and `import` the original, because Node 20 and 22 take
 *   the exports of a module when it has been evaluated. In both cases the module is patched within
 *   `Module._extensions['.js']`, which is wrapped for that module alone, while it loads. The same is done for a package
 *   without a main file, which require-in-the-middle passes over.
 * - ES modules arrive through `import-gate.ts` and `modules.ts`.
 */
import { Hook } from 'require-in-the-middle';
import { moduleClass } from '../../builtins.ts';
import { logFailure } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';
import { createBinder, type TaskContexts } from './binder.ts';
import type { Hooks, Library, LibraryModule, WantedModule } from './library.ts';
import { LIBRARIES } from './list.ts';

interface LoadedModule {
  exports: unknown;
  readonly loaded?: boolean;
}
type Extension = (module: LoadedModule, filename: string) => void;
type Require = (this: unknown, request: string) => unknown;
/** Undocumented properties, present in Node 18 to 26. */
interface Loader {
  _cache: Record<string, LoadedModule | undefined>;
  _extensions: Record<string, Extension>;
  _resolveFilename(request: string, parent: unknown, isMain: boolean): string;
  prototype: { require: Require };
}

export type CreateHooks = (names: readonly string[], contexts: TaskContexts) => Hooks;

/** Returns a function that returns `createHooks`. In the published files it compiles the hooks first, once. */
export function prepareHooks(): () => CreateHooks {
  return () => createHooks;
}

export const createHooks: CreateHooks = (names, contexts) => {
  const loader = moduleClass<Loader>() as unknown as Loader;
  const undos: Undo[] = [];
  const binder = createBinder(contexts, undos);
  const libraries = LIBRARIES.filter(({ name }) => names.includes(name));
  const watchers = new Set<readonly WantedModule[]>();
  /** The replacement of each replaced export. Each replacement is also its own entry. */
  const replacements = new WeakMap<object, unknown>();
  /** The files that are being loaded. */
  const loading = new Set<string>();
  const requireHook = createRequireHook(found);
  undos.push(requireHook.unhook);

  /** @returns the exports that the module should have */
  function found(file: string, exports: unknown): unknown {
    for (const wanted of watchers) notify(wanted, file, exports);
    const module = moduleOf(libraries, file);
    if (module === undefined) return exports;
    try {
      return patch(module, exports);
    } catch (error) {
      logFailure(`patch ${file}`, error, 'the application');
      return exports;
    }
  }

  function patch(module: LibraryModule, exports: unknown): unknown {
    const known = isObject(exports) ? replacements.get(exports) : undefined;
    if (known !== undefined) return known;
    const made = module.patch(exports as never, binder);
    if (module.replaces !== true || made === undefined) return exports;
    if (isObject(exports)) replacements.set(exports, made);
    if (isObject(made)) replacements.set(made, made);
    return made;
  }

  /** Loads a module and patches it before any other code sees its exports. */
  function loadPatched(file: string, load: () => unknown): unknown {
    const extension = loader._extensions['.js'] as Extension;
    const wrapped: Extension = function (this: unknown, module, filename) {
      Reflect.apply(extension, this, [module, filename]);
      if (filename !== file) return;
      const { exports } = module;
      const patched = found(file, exports);
      if (patched === exports) return;
      module.exports = patched;
      undos.push(() => {
        if (module.exports === patched) module.exports = exports;
      });
    };
    // The application may have frozen the object. The library then stays unpatched.
    Reflect.set(loader._extensions, '.js', wrapped);
    try {
      return load();
    } finally {
      if (loader._extensions['.js'] === wrapped) loader._extensions['.js'] = extension;
    }
  }

  function isWanted(file: string): boolean {
    const isWatched = [...watchers].some((wanted) => wanted.some(({ path }) => path.test(file)));
    return isWatched || moduleOf(libraries, file) !== undefined;
  }

  // A library may have been loaded before the agent starts, for example by another preload.
  for (const [file, module] of Object.entries(loader._cache)) {
    if (module?.loaded === true && isWanted(file)) found(file, module.exports);
  }

  return {
    load(request, parent, isMain, next) {
      const file = resolved(loader, request, parent, isMain);
      if (file === undefined || loading.has(file) || !isWanted(file)) return next();
      loading.add(file);
      try {
        const isRequired = parent !== undefined && parent !== null;
        const { replaces = false, hasNoMain = false } = moduleOf(libraries, file) ?? {};
        if (!isRequired || replaces || hasNoMain) return loadPatched(file, next);
        return requireHook.load(file, parent, request);
      } finally {
        loading.delete(file);
      }
    },
    found(file, exports) {
      found(file, exports);
    },
    onModules(wanted) {
      for (const [file, module] of Object.entries(loader._cache)) notify(wanted, file, module?.exports);
      watchers.add(wanted);
      return () => watchers.delete(wanted);
    },
    uninstall() {
      for (const undo of undos.reverse()) undo();
    },
  };
};

/**
 * require-in-the-middle replaces `Module.prototype.require` and `process.getBuiltinModule`. Both are restored at
 * once, because only requests that the gate passes are given to it.
 */
function createRequireHook(found: (file: string, exports: unknown) => unknown) {
  const { prototype } = moduleClass<Loader>() as unknown as Loader;
  const original = prototype.require;
  const getBuiltin = Object.getOwnPropertyDescriptor(process, 'getBuiltinModule');
  /** The files that it is loading, the innermost last. */
  const files: string[] = [];
  let hook: Hook;
  let require: Require;
  try {
    hook = new Hook(null, { internals: true }, (exports) => found(files.at(-1) as string, exports) as never);
    require = prototype.require;
  } finally {
    prototype.require = original;
    if (getBuiltin !== undefined) Object.defineProperty(process, 'getBuiltinModule', getBuiltin);
  }
  return {
    load(file: string, parent: unknown, request: string): unknown {
      files.push(file);
      try {
        return require.call(parent, request);
      } finally {
        files.pop();
      }
    },
    unhook: () => hook.unhook(),
  };
}

function notify(wanted: readonly WantedModule[], file: string, exports: unknown): void {
  for (const one of wanted) {
    if (!one.path.test(file)) continue;
    try {
      one.found(exports);
    } catch (error) {
      logFailure(`patch ${file}`, error, 'the application');
    }
  }
}

/** Returns `undefined` if the module cannot be found. The original call then throws the error. */
function resolved(loader: Loader, request: string, parent: unknown, isMain: boolean): string | undefined {
  try {
    return loader._resolveFilename(request, parent, isMain);
  } catch {
    return undefined;
  }
}

/**
 * Returns the module to patch for a file, by the last `node_modules` folder of its path. Modules inside of
 * langsmith's own `node_modules` are never patched.
 */
function moduleOf(libraries: readonly Library[], file: string): LibraryModule | undefined {
  const path = file.replaceAll('\\', '/');
  const start = path.lastIndexOf('/node_modules/');
  if (start < 0 || path.slice(0, start).endsWith('/node_modules/langsmith')) return undefined;
  const inPackages = path.slice(start + '/node_modules/'.length);
  const library = libraries.find(({ name }) => inPackages.startsWith(`${name}/`));
  const inPackage = inPackages.slice((library?.name.length ?? 0) + 1);
  return library?.modules.find(({ file: wanted }) =>
    typeof wanted === 'string' ? wanted === inPackage : wanted.test(inPackage),
  );
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
