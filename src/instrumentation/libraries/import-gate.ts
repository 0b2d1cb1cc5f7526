/**
 * The gate before import-in-the-middle, in Node's synchronous hooks. It has a `load` hook and no `resolve` hook: any hook
 * slows each CommonJS module down, and two of them by twice as much (1,000 modules on Node 24: 8 ms and 15). Another import-in-the-middle in the process, as OpenTelemetry's, resolves a
 * module to a URL of its own and then loads this one: so both are told of a module that both want.
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
/** Node 22.15 on. */
interface HooksModule {
  registerHooks(hooks: { load: (url: string, context: LoadContext, next: Next) => Loaded }): {
    deregister(): void;
  };
}

/**
 * @param files in packages, as in `p-queue/dist/index.js`
 * @param found called with each of them that is imported
 * @returns `undefined` where synchronous hooks do not work
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

  /** Nothing of langsmith's own. What is required comes by the other gate, with the same module. */
  function isWanted(url: string, { conditions }: LoadContext): boolean {
    const file = files.find((file) => url.endsWith(`/node_modules/${file}`));
    if (file === undefined || conditions?.includes('require') === true) return false;
    return !url.endsWith(`/node_modules/langsmith/node_modules/${file}`);
  }
  return () => hooks.deregister();
}

/**
 * Node runs a preload in the thread of `module.register()` too, where a hook would be asked to do what it cannot (Node
 * 22.23: ERR_METHOD_NOT_IMPLEMENTED ends the application). `worker_threads` is only loaded in threads: there `abort` is
 * disabled.
 */
function isLoaderThread(): boolean {
  const { abort } = process as { abort?: { disabled?: boolean } };
  if (abort?.disabled !== true) return false;
  return builtin<{ isInternalThread?: boolean }>('worker_threads').isInternalThread === true;
}
