/**
 * Finds ES modules that the application has imported, without loading one that it has not. The SDK of MCP takes 100 ms of
 * CPU to load, so it must not be loaded for an application that has installed it and does not use it. No module hook is
 * needed: import-in-the-middle would take 15 to 20 ms at the start (`modules.ts`), and this takes 1 to 2 ms where an SDK
 * is installed (Node 20 and 24).
 *
 * Node.js looks for an ES module in the cache of its loader before it compiles the text that it was given. So a text
 * that cannot be compiled is given: the call returns the exports of a module that was imported, and fails otherwise. It
 * takes 10 to 50 µs (Node 20.19, 22.12 and later, to 26; earlier ones cannot `require` ES modules).
 */
import { moduleClass } from '../../builtins.ts';
import { logFailure } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';
import type { ModuleFinder } from './modules.ts';

/** Undocumented, present in Node 20.19 to 26. */
interface CompiledModule {
  exports: object;
  filename: string;
  _compile(text: string, filename: string, format: string): void;
}
type ModuleConstructor = new (id: string, parent?: CompiledModule) => CompiledModule;

const NO_MODULE = 'this is not a module';

/** The modules are looked for at each of the first contexts, and then ever more rarely. */
const FIRST_CONTEXTS = 16;

/** @param files the real paths of modules in the application's folders */
export function findImported(
  files: readonly string[],
  found: (file: string, exports: object) => void,
): ModuleFinder {
  const waiting = new Set(files);
  let contexts = 0;
  let undoStdin: Undo | undefined = onStdin(look);

  function look(): void {
    for (const file of waiting) {
      const exports = importedExports(file);
      if (exports === undefined) continue;
      waiting.delete(file);
      found(file, exports);
    }
    if (waiting.size === 0) uninstall();
  }

  function uninstall(): void {
    waiting.clear();
    undoStdin?.();
    undoStdin = undefined;
  }

  return {
    onCoreLoaded: look,
    onContext() {
      contexts++;
      if (contexts <= FIRST_CONTEXTS || isPowerOfTwo(contexts)) look();
      return waiting.size > 0;
    },
    uninstall,
  };
}

function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

/** Returns the exports of an ES module that has been imported and evaluated; `undefined` if it has not. */
export function importedExports(file: string): object | undefined {
  const { require_module: canRequire = false } = process.features as { require_module?: boolean };
  if (!canRequire) return undefined;
  const Module = moduleClass<unknown>() as unknown as ModuleConstructor;
  // Node.js prints no warning for an ES module that a module in `node_modules` requires.
  const parent = new Module(file);
  parent.filename = file;
  const module = new Module(file, parent);
  module.filename = file;
  try {
    module._compile(NO_MODULE, file, 'module');
    return module.exports;
  } catch {
    return undefined;
  }
}

/**
 * Calls `look` whenever the application asks for `process.stdin`. A server of MCP does so once it has loaded the SDK and
 * before it reads its first message, and it enters no context until then.
 */
function onStdin(look: () => void): Undo {
  const own = Object.getOwnPropertyDescriptor(process, 'stdin');
  const get = own?.get;
  if (own === undefined || get === undefined || own.configurable !== true) return () => {};
  const replacement = function (this: unknown) {
    try {
      look();
    } catch (error) {
      logFailure('find libraries', error, 'the application');
    }
    return Reflect.apply(get, this, []);
  };
  Object.defineProperty(replacement, 'name', { value: get.name, configurable: true });
  Object.defineProperty(process, 'stdin', { ...own, get: replacement });
  return () => {
    if (Object.getOwnPropertyDescriptor(process, 'stdin')?.get === replacement) {
      Object.defineProperty(process, 'stdin', own);
    }
  };
}
