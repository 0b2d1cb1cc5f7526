/**
 * The gate in front of the module hooks. It checks the name of each CommonJS request and passes only requests for
 * named packages to the hooks (`hooks.ts`), which are compiled at the first such request. So no other module passes
 * through require-in-the-middle or import-in-the-middle, and a process without a named package does not even have the
 * gate.
 */
import { moduleClass } from '../../builtins.ts';
import type { Libraries } from '../../libraries.ts';
import { logFailure } from '../../log.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import type { TaskContexts } from './binder.ts';
import { prepareHooks } from './hooks.ts';
import { findImported } from './imported.ts';
import type { Hooks, WantedModule } from './library.ts';
import { findModules, type ModuleFinder } from './modules.ts';
import { filesOf, filesOfModules, hasPackage, packageFolders } from './present.ts';
import { applyIn, isPunycode } from './punycode.ts';

/**
 * `Module._load`. `require` calls it, and so does `import` of a CommonJS module, with a path and no parent (Node 18
 * to 26).
 */
type Load = (
  this: unknown,
  request: string,
  parent: { filename?: unknown } | null | undefined,
  isMain: boolean,
) => unknown;
interface Loader {
  _load?: Load;
}

/** The file that is patched in packages that are ES modules, or have them: p-queue from 7 on, queue from 7 on. */
const MODULE_FILES: Readonly<Record<string, string>> = {
  'amqp-connection-manager': 'dist/esm/ChannelWrapper.js',
  'p-queue': 'dist/index.js',
  queue: 'index.js',
};
/** Those that are found where the application has imported them itself, because they take long to load. */
const IMPORTED_FILES: Readonly<Record<string, readonly string[]>> = {
  '@langchain/langgraph-api': ['dist/queue.mjs', 'dist/storage/ops.mjs'],
  '@modelcontextprotocol/sdk': ['dist/esm/shared/protocol.js', 'dist/shared/protocol.js'],
  '@modelcontextprotocol/client': ['dist/index.mjs'],
  '@modelcontextprotocol/server': ['dist/index.mjs'],
};

export interface LibraryGate {
  /**
   * Calls `found` for each of these modules that is loaded, now or later, if the settings permit patching its
   * library.
   */
  onModules(wanted: readonly WantedModule[]): Undo;
  /** Call it when the application first uses a server, a request or the SDK. */
  onCoreLoaded(): void;
  /** Whether `onContext` must be called. */
  readonly waitsForContext: boolean;
  /** Call it before a context is entered. @returns whether it must be called again */
  onContext(): boolean;
  readonly uninstall: Undo;
}

export function installLibraryGate(
  { names, named }: Libraries,
  contexts: TaskContexts,
  mainFile: string | undefined,
): LibraryGate {
  const loadHooks = prepareHooks();
  const undos: Undo[] = [];
  let hooks: Hooks | undefined;
  let isActive = true;
  const finders: ModuleFinder[] = [];
  /** Those that still wait for a module. */
  let waiting: readonly ModuleFinder[] = [];
  const getHooks = (): Hooks => (hooks ??= loadHooks()(names, contexts));

  function guarded(place: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      logFailure(place, error, 'the application');
    }
  }

  const folders = packageFolders(mainFile);
  if (hasPackage(names, folders)) {
    undos.push(gateRequests());
    const found = (file: string, exports: object) =>
      guarded('patch libraries', () => getHooks().found(file, exports));
    const files = names.flatMap((name) => {
      const file = MODULE_FILES[name];
      return file === undefined ? [] : filesOfModules(name, file, folders);
    });
    const isNamed = named.some((name) => name in MODULE_FILES);
    if (files.length > 0) finders.push(findModules(files, isNamed, found));
    const imported = names.flatMap((name) => filesOf(name, IMPORTED_FILES[name] ?? [], folders));
    if (imported.length > 0) finders.push(findImported(imported, found));
    undos.push(...finders.map(({ uninstall }) => uninstall));
    waiting = [...finders];
  }

  function gateRequests(): Undo {
    const loader = moduleClass<Loader>() as unknown as { _load: Load };
    const isNamed = namedPackages(names);
    return patchMethod<{ _load: Load }, Load>(
      loader,
      '_load',
      (original) =>
        function load(this: unknown, request, parent, isMain) {
          const next = () =>
            isPunycode(request)
              ? applyIn(parent?.filename)(original(), this, [request, parent, isMain])
              : original().call(this, request, parent, isMain);
          if (!isActive || !isNamed(request, parent)) return next();
          let found: Hooks | undefined;
          guarded('patch libraries', () => {
            found = getHooks();
          });
          return found === undefined ? next() : found.load(request, parent, isMain, next);
        },
    );
  }

  return {
    waitsForContext: finders.length > 0,
    onCoreLoaded: () => guarded('import libraries', () => finders.map((finder) => finder.onCoreLoaded())),
    onContext() {
      let left: readonly ModuleFinder[] = [];
      guarded('load libraries', () => {
        left = isActive ? waiting.filter((finder) => finder.onContext()) : [];
      });
      waiting = left;
      return waiting.length > 0;
    },
    onModules(wanted) {
      const isAllowed = wanted.filter(({ library }) => names.includes(library));
      return isAllowed.length === 0 ? () => {} : getHooks().onModules(isAllowed);
    },
    uninstall() {
      isActive = false;
      for (const undo of undos.reverse()) undo();
      hooks?.uninstall();
    },
  };
}

/**
 * Returns a function that checks whether a request is for a file of a named package, by its name, its path, or the
 * path of the requiring module.
 */
function namedPackages(names: readonly string[]) {
  const any = names.map((name) => name.replace('/', '[\\\\/]')).join('|');
  const pattern = new RegExp(`(?:^|[\\\\/]node_modules[\\\\/])(?:${any})(?:[\\\\/]|$)`);
  return (request: string, parent: { filename?: unknown } | null | undefined): boolean => {
    if (typeof request !== 'string') return false;
    if (pattern.test(request)) return true;
    return request.startsWith('.') && typeof parent?.filename === 'string' && pattern.test(parent.filename);
  };
}
