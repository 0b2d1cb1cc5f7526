/**
 * Checks whether a named library can be loaded in this process at all. If none can, nothing is installed. Such a
 * process has no hook, and no frame of the agent in the stack of a module that is being loaded.
 */
import { builtin, moduleClass } from '../../builtins.ts';

/** Undocumented, present in Node 8 to 26. `globalPaths` holds the folders of NODE_PATH. */
interface Finder {
  _findPath?(request: string, folders: readonly string[]): string | false;
  _nodeModulePaths?(folder: string): string[];
  readonly globalPaths?: readonly string[];
}

/** pnpm keeps all packages that are not direct dependencies in this folder. */
const HOISTED = '.pnpm/node_modules';

/**
 * Returns the `node_modules` folders of the application: those beside or above its main file or its working
 * directory, and those that NODE_PATH names.
 */
export function packageFolders(mainFile: string | undefined): string[] {
  const { _nodeModulePaths: pathsOf = () => [], globalPaths = [] } = moduleClass<Finder>();
  const { dirname } = builtin<typeof import('node:path')>('path');
  const starts = mainFile === undefined ? [process.cwd()] : [dirname(mainFile), process.cwd()];
  const folders = new Set([...starts.flatMap((start) => pathsOf(start)), ...globalPaths]);
  return [...folders].flatMap((folder) => [folder, `${folder}/${HOISTED}`]);
}

/**
 * Returns whether one of these packages is in one of the folders. It does not use node:fs: the first `require` of it takes
 * 1 to 3 ms and loads node:stream on Node 18.
 */
export function hasPackage(names: readonly string[], folders: readonly string[]): boolean {
  const finder = moduleClass<Finder>();
  return names.some((name) => {
    try {
      // Relative, because the `exports` of a package may hide its package.json.
      return Boolean(finder._findPath?.(`./${name}/package.json`, folders));
    } catch {
      // The permission model forbids reading the path, so the application could not load the package either.
      return false;
    }
  });
}

/** Returns the real paths of those files that the packages called `name` have. Like `hasPackage`, it does without node:fs. */
export function filesOf(name: string, files: readonly string[], folders: readonly string[]): string[] {
  if (files.length === 0 || !hasPackage([name], folders)) return [];
  const finder = moduleClass<Finder>();
  const find = (file: string, folder: string) => {
    try {
      return finder._findPath?.(`./${name}/${file}`, [folder]) || [];
    } catch {
      return [];
    }
  };
  return files.flatMap((file) => folders.flatMap((folder) => find(file, folder)));
}

/** Returns the paths of `file` in those packages called `name` in which it is an ES module. */
export function filesOfModules(name: string, file: string, folders: readonly string[]): string[] {
  const packages = folders.map((folder) => `${folder}/${name}`);
  return packages.filter((folder) => isModule(folder, file)).map((folder) => `${folder}/${file}`);
}

/** A package that has both forms has a `package.json` beside its ES modules. */
function isModule(folder: string, file: string): boolean {
  const { readFileSync } = builtin<typeof import('node:fs')>('fs');
  if (!exists(`${folder}/${file}`)) return false;
  const beside = `${folder}/${file.slice(0, file.lastIndexOf('/') + 1)}package.json`;
  try {
    return (
      JSON.parse(readFileSync(exists(beside) ? beside : `${folder}/package.json`, 'utf8')).type === 'module'
    );
  } catch {
    return false;
  }
}

/**
 * Returns `false` if the permission model forbids reading the path, because the application could not load it either.
 */
function exists(path: string): boolean {
  try {
    return builtin<typeof import('node:fs')>('fs').existsSync(path);
  } catch {
    return false;
  }
}
