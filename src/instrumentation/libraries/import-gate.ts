/**
 * The gate in front of import-in-the-middle, built on Node's synchronous hooks. It has a `load` hook and no `resolve`
 * hook: any hook slows down each CommonJS module, and two hooks cost twice as much (1,000 modules on Node 24: 8 ms
 * and 15 ms). Another import-in-the-middle in the process, such as OpenTelemetry's, resolves a module to a URL of its
 * own and then loads the module. So both are notified of a module that both want.
 */
/// <reference path="./import-in-the-middle.d.ts" />
import { supportsSyncHooks } from 'import-in-the-middle/supports-sync-hooks.mjs';
import { builtin } from '../../builtins.ts';
import { logFailure } from '../../log.ts';
import type { Undo } from '../instrumentation.ts';
import { type ImportHook, type Loaded, prepareImportHook } from './import-hook.ts';

interface LoadContext {
  readonly conditions?: readonly string[];
}
type Next = (url: string, context: LoadContext) => Loaded;
/** Available from Node 22.15 on. */
interface HooksModule {
  registerHooks(hooks: { load: (url: string, context: LoadContext, next: Next) => Loaded }): {
    deregister(): void;
  };
}

/**
 * @param files paths in packages, such as `p-queue/dist/index.js`
 * @param found called with each of these files that is imported
 * @returns `undefined` if synchronous hooks do not work
 */
export function gateImports(
  files: readonly string[],
  found: (url: string, exports: object) => void,
): Undo | undefined {
  if (!supportsSyncHooks() || isLoaderThread()) return undefined;
  const getImportHook = prepareImportHook();
  let hook: ImportHook | undefined;

  const hooks = builtin<HooksModule>('module').registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (loaded.format !== 'module' || !isWanted(url, context)) return loaded;
      try {
        hook ??= getImportHook()((url, namespace) => found(url, namespace));
        return hook(url, context, loaded);
      } catch (error) {
        logFailure(`patch ${url}`, error, 'the application');
        return loaded;
      }
    },
  });

  /**
   * Modules inside of langsmith's own `node_modules` are excluded. A required module arrives through the other gate,
   * with the same exports.
   */
  function isWanted(url: string, { conditions }: LoadContext): boolean {
    const file = files.find((file) => url.endsWith(`/node_modules/${file}`));
    if (file === undefined || conditions?.includes('require') === true) return false;
    return !url.endsWith(`/node_modules/langsmith/node_modules/${file}`);
  }
  return () => hooks.deregister();
}

/**
 * Node also runs a preload in the thread of `module.register()`. A hook there would be asked for an operation that it
 * does not support, and the application would end (Node 22.23: ERR_METHOD_NOT_IMPLEMENTED). `worker_threads` is
 * loaded only in threads, which have `abort` disabled.
 */
function isLoaderThread(): boolean {
  const { abort } = process as { abort?: { disabled?: boolean } };
  if (abort?.disabled !== true) return false;
  return builtin<{ isInternalThread?: boolean }>('worker_threads').isInternalThread === true;
}
