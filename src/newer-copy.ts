/**
 * The application's own copy of the package, where this one was injected: the newer of the two works, whichever
 * is preloaded first. Only the preload asks; what it costs is a look at each folder above the main file.
 */
import { builtin } from './builtins.ts';
import { log } from './log.ts';
import { isNewer } from './semantic-version.ts';
import { VERSION } from './version.ts';

const PACKAGE = '@org/trace-agent';

/**
 * Loads the preload of the application's own copy if that is newer than this one.
 *
 * @returns whether it was loaded, so that this copy has nothing left to do
 */
export function handOver(mainFile: string | undefined): boolean {
  const copy = mainFile === undefined ? undefined : ownCopy(mainFile);
  if (copy === undefined || !isNewer(copy.version, VERSION)) return false;
  const theirs = `version ${copy.version} in ${copy.directory}`;
  try {
    const { createRequire } = builtin<typeof import('node:module')>('module');
    const load = createRequire(`${copy.directory}/package.json`);
    const preload = load.resolve(`${PACKAGE}/register`);
    if (isThisFile(preload)) return false;
    log('info', `not started: the application's own ${theirs} is newer than this, version ${VERSION}`);
    load(preload);
    return true;
  } catch (error) {
    log('warn', `version ${VERSION} starts, the application's newer ${theirs} cannot be loaded: ${error}`);
    return false;
  }
}

interface Copy {
  readonly directory: string;
  readonly version: string;
}

function ownCopy(mainFile: string): Copy | undefined {
  const { readFileSync, realpathSync } = builtin<typeof import('node:fs')>('fs');
  try {
    // As it was named, for pnpm's links; then where it lies, for a command in a `bin` folder.
    const directory = above(mainFile) ?? above(realpathSync(mainFile));
    if (directory === undefined) return undefined;
    const { version } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'));
    return { directory, version: String(version) };
  } catch {
    // `--permission` refuses, or it is no package: as if there were none.
    return undefined;
  }
}

/** Upward from the main file, which may be named by its folder (`node .`). */
function above(mainFile: string): string | undefined {
  const { existsSync } = builtin<typeof import('node:fs')>('fs');
  const { dirname, join } = builtin<typeof import('node:path')>('path');
  for (let folder = mainFile, last = ''; folder !== last; last = folder, folder = dirname(folder)) {
    const directory = join(folder, 'node_modules', PACKAGE);
    if (existsSync(join(directory, 'package.json'))) return directory;
  }
  return undefined;
}

/** The tests run the sources as ESM, where there is no `__filename`. */
function isThisFile(path: string): boolean {
  const { realpathSync } = builtin<typeof import('node:fs')>('fs');
  return typeof __filename === 'string' && realpathSync(path) === realpathSync(__filename);
}
