/**
 * import-in-the-middle, as `import-gate.ts` uses it: compiled with the first module that the gate lets through.
 *
 * Its own `resolve` hook gives a module another URL, at which its `load` hook then makes a wrapper around the module.
 * Here the wrapper takes the URL of the module itself, and the module gets the other one. No file of the package is
 * read: what the wrapper imports of it is handed over by a global symbol.
 */
/// <reference path="./import-in-the-middle.d.ts" />
import { createHook } from 'import-in-the-middle/create-hook.mjs';
import { importHooks, ModuleBinder, register } from 'import-in-the-middle/lib/register.js';

/** A module as Node's default hook, or another one, has loaded it. */
export interface Loaded {
  readonly format?: string | undefined;
  readonly source?: unknown;
}
/** Makes the wrapper of an ES module. */
export type ImportHook = (url: string, context: object, loaded: Loaded) => Loaded;
type CreateImportHook = (found: (url: string, namespace: object) => void) => ImportHook;

/** Any address will do: it is never loaded. */
const HOME = 'file:///trace-agent/';
const REGISTER = JSON.stringify(`${HOME}lib/register.js`);
const SHARED = Symbol.for('@org/trace-agent: import-in-the-middle');

/** Gives the function that makes the hook: in the published files it compiles it first, once. */
export function prepareImportHook(): () => CreateImportHook {
  return () => createImportHook;
}

export const createImportHook: CreateImportHook = (found) => {
  Object.defineProperty(globalThis, SHARED, { value: { ModuleBinder, register }, configurable: true });
  const hook = createHook({ url: `${HOME}hook.mjs` });
  hook.applyOptions({ shouldInclude: () => true });
  // What its `addHook` does: its main file loads node:worker_threads for another one.
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
