import type { AsyncLocalStorage } from 'node:async_hooks';
import { builtin } from '../builtins.ts';

/** What is Node's or the language's, as it is when the agent starts: the application may put others in its place. */
export interface Natives {
  readonly AsyncLocalStorage: typeof AsyncLocalStorage;
  readonly apply: typeof Reflect.apply;
}

export function takeNatives(): Natives {
  const { AsyncLocalStorage: Class } = builtin<typeof import('node:async_hooks')>('async_hooks');
  return { AsyncLocalStorage: Class, apply: Reflect.apply };
}
