import type { AsyncLocalStorage } from 'node:async_hooks';
import { builtin } from '../builtins.ts';

/**
 * Classes and functions of Node and of the language, taken when the agent starts, because the application may replace
 * them.
 */
export interface Natives {
  readonly AsyncLocalStorage: typeof AsyncLocalStorage;
  readonly apply: typeof Reflect.apply;
}

export function takeNatives(): Natives {
  const { AsyncLocalStorage: Class } = builtin<typeof import('node:async_hooks')>('async_hooks');
  return { AsyncLocalStorage: Class, apply: Reflect.apply };
}
