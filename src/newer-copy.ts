/**
 * Looks for the application's own copy of the package, for the case that this copy was injected. The newer of the two
 * copies runs, whichever is preloaded first. Only the preload uses this file.
 */
import { builtin, moduleClass } from './builtins.ts';
import { log } from './log.ts';
import { tellWorkers } from './main-file.ts';
import { isNewer } from './semantic-version.ts';
import { VERSION } from './version.ts';

const PACKAGE = '@org/trace-agent';

/**
 * Loads the preload of the application's own copy if that copy is newer than this one.
 *
 * @returns whether it was loaded; then this copy must not start
 */
export function handOver(mainFile: string | undefined): boolean {
  const copy = mainFile === undefined ? undefined : ownCopy(mainFile);
  if (copy === undefined || !isNewer(copy.version, VERSION)) return false;
  const theirs = `version ${copy.version} in ${copy.directory}`;
  try {
    const load = moduleClass().createRequire(`${copy.directory}/package.json`);
    const preload = load.resolve(`${PACKAGE}/register`);
    if (isThisFile(preload)) return false;
    log('info', `not started: the application's own ${theirs} is newer than this, version ${VERSION}`);
    load(preload);
    tellWorkers(mainFile);
    return true;
  } catch (error) {
    log(
      'warn',
      `version ${VERSION} starts, because the application's newer ${theirs} cannot be loaded: ${error}`,
    );
    return false;
  }
}

interface Copy {
  readonly directory: string;
  readonly version: string;
}

/**
 * The functions by which `require` finds files. They are undocumented and exist in Node 8 to 26. They are 5 times as
 * fast as a `resolve` that throws.
 */
interface Finder {
  _findPath?(request: string, folders: readonly string[] | null, isMain?: boolean): string | false;
  _nodeModulePaths?(folder: string): string[];
}

/**
 * Finds the application's copy. `node:fs` is loaded only if there is a copy, because its first `require` takes 2.4 MB
 * and 1 to 3 ms (Node 24).
 */
function ownCopy(mainFile: string): Copy | undefined {
  const finder = moduleClass<Finder>();
  const { dirname } = builtin<typeof import('node:path')>('path');
  const seenFrom = (file: string) =>
    finder._findPath?.(`${PACKAGE}/package.json`, finder._nodeModulePaths?.(dirname(file)) ?? []);
  try {
    // The path as given is tried first, for the symbolic links of pnpm. The resolved path is tried next, for a command
    // in a `bin` folder and for `node .`.
    const lies = finder._findPath?.(mainFile, null, true) || mainFile;
    const manifest = seenFrom(mainFile) || (lies !== mainFile && seenFrom(lies));
    if (!manifest) return undefined;
    const { readFileSync } = builtin<typeof import('node:fs')>('fs');
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    return { directory: dirname(manifest), version: String(version) };
  } catch {
    // `--permission` denies the access, or the manifest is invalid. Both count as no copy.
    return undefined;
  }
}

/** Whether `path` is this file. The tests run the sources as ESM, where there is no `__filename`. */
function isThisFile(path: string): boolean {
  const { realpathSync } = builtin<typeof import('node:fs')>('fs');
  return typeof __filename === 'string' && realpathSync(path) === realpathSync(__filename);
}
