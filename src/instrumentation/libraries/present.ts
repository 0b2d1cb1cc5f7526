/**
 * Whether a named library can be in this process at all. Nothing is installed where none can, so that such a process
 * has no hook, and no frame of the agent's in the stack of a module that is being loaded.
 */
import { builtin, moduleClass } from '../../builtins.ts';

/** Not documented, Node 8 to 26. `globalPaths` holds the folders of NODE_PATH. */
interface Finder {
  _nodeModulePaths?(folder: string): string[];
  readonly globalPaths?: readonly string[];
}

/** Of pnpm: this folder has all packages that are not direct dependencies. */
const HOISTED = '.pnpm/node_modules';

/**
 * The `node_modules` folders of the application: those beside or above its main file or its working directory, and
 * those that NODE_PATH names.
 */
export function packageFolders(mainFile: string | undefined): string[] {
  const { _nodeModulePaths: pathsOf = () => [], globalPaths = [] } = moduleClass<Finder>();
  const { dirname } = builtin<typeof import('node:path')>('path');
  const starts = mainFile === undefined ? [process.cwd()] : [dirname(mainFile), process.cwd()];
  const folders = new Set([...starts.flatMap((start) => pathsOf(start)), ...globalPaths]);
  return [...folders]
    .flatMap((folder) => [folder, `${folder}/${HOISTED}`])
    .filter((folder) => exists(folder));
}

/** Whether one of these packages lies in one of the folders. */
export function hasPackage(names: readonly string[], folders: readonly string[]): boolean {
  return folders.some((folder) => names.some((name) => exists(`${folder}/${name}`)));
}

/** The paths of that file in the packages of that name which are ES modules. */
export function filesOfModules(name: string, file: string, folders: readonly string[]): string[] {
  const { readFileSync } = builtin<typeof import('node:fs')>('fs');
  const isModule = (folder: string) => {
    try {
      return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')).type === 'module';
    } catch {
      return false;
    }
  };
  const packages = folders.map((folder) => `${folder}/${name}`).filter(isModule);
  return packages.map((folder) => `${folder}/${file}`).filter((path) => exists(path));
}

/** Not, where the permission model does not let it be read: the application could not load it either. */
function exists(path: string): boolean {
  try {
    return builtin<typeof import('node:fs')>('fs').existsSync(path);
  } catch {
    return false;
  }
}
