/**
 * Node.js 21 to 26 warn of `require('punycode')` (DEP0040) unless the first frame of the stack that is not Node's own lies
 * in a `node_modules` folder (`lib/punycode.js`, `isInsideNodeModules`). The frame of the gate would be that first frame.
 * So `punycode` is loaded through a function that is compiled under the name of the file that requires it.
 */
import { builtin } from '../../builtins.ts';

type Apply = <T>(target: (...args: never[]) => T, self: unknown, args: readonly unknown[]) => T;

export function isPunycode(request: string): boolean {
  return request === 'punycode' || request === 'node:punycode';
}

/** Returns `Reflect.apply` with a frame of the file. */
export function applyIn(filename: unknown): Apply {
  const text = '(target, self, args) => Reflect.apply(target, self, args)';
  const name = typeof filename === 'string' ? filename : 'trace-agent:gate';
  return builtin<typeof import('node:vm')>('vm').runInThisContext(text, name);
}
