import { moduleClass } from './builtins.ts';

type Import = (url: string) => Promise<unknown>;
interface CommonJSModule {
  exports: unknown;
  _compile(text: string, filename: string): unknown;
}

let importFrom: Import | undefined;

/**
 * Calls `import()` for a module that the application has already loaded, so it returns the same instance and evaluates
 * nothing. The preload must parse on Node.js 8, and its core is a script of node:vm, in which `import()` is not allowed
 * or prints a warning (`vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER`, Node.js 20 to 24). A CommonJS module may use
 * `import()` in every version, so this one line is compiled as a CommonJS module (`Module.prototype._compile`, Node.js
 * 18 to 26).
 */
export function importModule(url: string): Promise<unknown> {
  importFrom ??= compile();
  return importFrom(url);
}

function compile(): Import {
  const Module = moduleClass() as unknown as new (id: string) => CommonJSModule;
  const module = new Module('trace-agent:import');
  module._compile('module.exports = (url) => import(url);', process.execPath);
  return module.exports as Import;
}
