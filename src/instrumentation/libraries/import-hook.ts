/**
 * Drives import-in-the-middle for `import-gate.ts`. It is compiled at the first module that the gate passes.
 *
 * The `resolve` hook of import-in-the-middle gives a module another URL, at which its `load` hook then creates a
 * wrapper around the module. Here the wrapper gets the URL of the module, and the module gets the other URL. No file
 * of the package is read: the values that the wrapper imports from the package are passed through a global symbol.
 */
/// <reference path="./import-in-the-middle.d.ts" />
import { createHook } from 'import-in-the-middle/create-hook.mjs';
import { importHooks, ModuleBinder, register } from 'import-in-the-middle/lib/register.js';

/** A module as Node's default hook or another hook loaded it. */
export interface Loaded {
  readonly format?: string | undefined;
  readonly source?: unknown;
}
/** Creates the wrapper of an ES module. */
export type ImportHook = (url: string, context: object, loaded: Loaded) => Loaded;
type CreateImportHook = (found: (url: string, namespace: object) => void) => ImportHook;

/** The URL is arbitrary, because it is never loaded. */
const HOME = 'file:///trace-agent/';
const REGISTER = JSON.stringify(`${HOME}lib/register.js`);
const SHARED = Symbol.for('@org/trace-agent: import-in-the-middle');

/** Returns a function that returns `createImportHook`. In the published files it compiles the hook first, once. */
export function prepareImportHook(): () => CreateImportHook {
  return () => createImportHook;
}

export const createImportHook: CreateImportHook = (found) => {
  Object.defineProperty(globalThis, SHARED, { value: { ModuleBinder, register }, configurable: true });
  const hook = createHook({ url: `${HOME}hook.mjs` });
  hook.applyOptions({ shouldInclude: () => true });
  // This does the same as the package's `addHook`, whose file loads node:worker_threads for an unrelated export.
  importHooks.push((url, namespace) => found(url, namespace));

  return (url, context, loaded) => {
    const importing = {
      conditions: ['node', 'import'],
      parentURL: `${HOME}importer.mjs`,
      importAttributes: {},
    };
    const wrapper = hook.resolveSync(url, importing, () => ({ url, format: 'module' }));
    const made = hook.loadSync(wrapper.url, context, () => loaded);
    const [before, after] = [String(made.source), JSON.stringify(url)];
    const importsRegister = `import { register, ModuleBinder } from ${REGISTER}`;
    const importsModule = `import * as namespace from ${after}`;
    if (!before.includes(importsRegister) || !before.includes(importsModule)) {
      throw new Error('the wrapper of import-in-the-middle is not as expected');
    }
    const shared = `globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(SHARED))})]`;
    const source = before
      .replace(importsRegister, () => `const { register, ModuleBinder } = ${shared};`)
      .replace(importsModule, () => `import * as namespace from ${JSON.stringify(`${url}?trace-agent`)}`);
    return { ...made, source, format: 'module' };
  };
};
