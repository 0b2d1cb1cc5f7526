/**
 * Flushes after each call of an AWS Lambda handler, because Lambda freezes the process as soon as the handler has
 * answered. The handler is the export that `_HANDLER` names, as in `folder/index.handler`, of a file under
 * `LAMBDA_TASK_ROOT`. The runtime loads it after the preload. Only a CommonJS handler is supported, because an export
 * of an ES module cannot be replaced.
 */

import type { Undo } from '../instrumentation/instrumentation.ts';
import { onModules } from '../instrumentation/loaded-modules.ts';
import { logFailure } from '../log.ts';

type Handler = (this: unknown, ...args: unknown[]) => unknown;
type Callback = (error: unknown, result?: unknown) => void;

/** @returns `undefined` outside of Lambda */
export function flushAfterHandler(env: NodeJS.ProcessEnv, flush: () => Promise<void>): Undo | undefined {
  const { AWS_LAMBDA_RUNTIME_API: api, _HANDLER: handler, LAMBDA_TASK_ROOT: root } = env;
  const [, file, name] = /^(.*?)\.([^/]*)$/.exec(handler?.replace(/^.*\//, '') ?? '') ?? [];
  if (!api || !handler || !root || file === undefined || name === undefined) return undefined;
  const folder = handler.slice(0, handler.lastIndexOf('/') + 1);
  const path = new RegExp(`^${literal(`${root}/${folder}${file}`.replace(/\/+/g, '/'))}(?:\\.c?js)?$`);
  return onModules([{ path, found: (exports, module) => replaceHandler(exports, module, name, flush) }]);
}

function replaceHandler(
  exports: unknown,
  module: { exports?: unknown } | undefined,
  name: string,
  flush: () => Promise<void>,
): void {
  if (typeof exports !== 'object' || exports === null || module === undefined) return;
  const original = (exports as Record<string, unknown>)[name];
  if (typeof original !== 'function') return;
  // In a bundle the export is a getter that cannot be replaced, so another object replaces all exports.
  const others = Object.getOwnPropertyDescriptors(exports);
  const handler = {
    value: wrap(original as Handler, flush),
    configurable: true,
    enumerable: true,
    writable: true,
  };
  module.exports = Object.create(Object.getPrototypeOf(exports), { ...others, [name]: handler });
}

function wrap(original: Handler, flush: () => Promise<void>): Handler {
  function handler(this: unknown, ...args: unknown[]): unknown {
    const last = args.at(-1);
    if (typeof last === 'function') args[args.length - 1] = afterFlush(last as Callback, flush);
    const result = original.apply(this, args);
    if (!isThenable(result)) return result;
    return result.then(
      (value) => flush().then(() => value),
      (error) =>
        flush().then(() => {
          throw error;
        }),
    );
  }
  try {
    // The runtime reads the name and the length, and the mark of a streaming handler, so they are copied.
    const { prototype: _, ...rest } = Object.getOwnPropertyDescriptors(original);
    Object.defineProperties(handler, rest);
  } catch (error) {
    logFailure('wrap the handler', error, 'the application');
  }
  return handler;
}

function afterFlush(callback: Callback, flush: () => Promise<void>): Callback {
  return (...args) => void flush().then(() => callback(...args));
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
