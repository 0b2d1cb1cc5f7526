/** Reads the project in a folder. Writes nothing. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Project {
  readonly directory: string;
  readonly manifest: Manifest;
  /** The variables that the process of the application is started with. */
  readonly env: NodeJS.ProcessEnv;
  /** The command of a start that is watched; empty if there is none. */
  readonly command: readonly string[];
}

export interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly engines?: { readonly node?: string };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** A copy of a package in a `node_modules` folder. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
  /** The folder that holds the `node_modules` folder. Code there finds this copy by its name. */
  readonly base: string;
  readonly engines?: string | undefined;
}

/** Thrown if the folder cannot be looked at. */
export class NoProject extends Error {}

/** @throws {NoProject} */
export function readProject(
  directory: string,
  env: NodeJS.ProcessEnv,
  command: readonly string[] = [],
): Project {
  const text = readText(join(directory, 'package.json'));
  if (text === undefined) throw new NoProject(`there is no package.json in ${directory}`);
  try {
    // npm and Node.js accept a byte order mark.
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof manifest === 'object' && manifest !== null && !Array.isArray(manifest)) {
      return { directory, manifest: withTexts(manifest), env, command };
    }
  } catch {
    // Reported below.
  }
  throw new NoProject(`the package.json in ${directory} cannot be parsed`);
}

/** A manifest that was written by hand may hold anything. Scripts that are no texts are left out. */
function withTexts(manifest: Manifest): Manifest {
  const scripts = Object.entries(manifest.scripts ?? {}).filter(([, text]) => typeof text === 'string');
  const main = typeof manifest.main === 'string' ? { main: manifest.main } : {};
  const { main: _main, ...others } = manifest;
  return { ...others, ...main, scripts: Object.fromEntries(scripts) };
}

/** The text of a file; `undefined` if it cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The lines of the files in the project's folder whose name matches, without comments. */
export function linesOfFiles(
  { directory }: Project,
  name: RegExp,
): { readonly file: string; readonly line: string }[] {
  return namesIn(directory)
    .filter((file) => name.test(file))
    .flatMap((file) =>
      (readText(join(directory, file)) ?? '')
        .replace(/\\\r?\n/g, ' ')
        .split(/\r?\n/)
        .filter((line) => !/^\s*(#|\/\/)/.test(line))
        .map((line) => ({ file, line })),
    );
}

/** The copy that code of the project finds by the name, if it is installed. */
export function findPackage({ directory }: Project, name: string): Package | undefined {
  for (const base of ancestors(directory)) {
    const found = packageAt(base, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All copies in all `node_modules` folders of the project, also in the store of pnpm. */
export function findCopies(project: Project, name: string): Package[] {
  const found = new Map<string, Package>();
  const first = findPackage(project, name);
  /** pnpm links the folders of packages to its store. */
  const add = (copy: Package | undefined) => {
    const place = copy && realpathSync(copy.directory);
    if (place !== undefined && !found.has(place)) found.set(place, copy as Package);
  };
  add(first);
  const visit = (base: string, depth: number): void => {
    const modules = join(base, 'node_modules');
    if (depth > 6 || !existsSync(modules)) return;
    add(packageAt(base, name));
    for (const folder of packageFolders(modules)) visit(folder, depth + 1);
    for (const stored of namesIn(join(modules, '.pnpm'))) visit(join(modules, '.pnpm', stored), depth + 1);
  };
  visit(project.directory, 0);
  return [...found.values()];
}

/** All names in the manifest's lists of dependencies. */
export function dependenciesOf({ manifest }: Project): string[] {
  return Object.keys({ ...manifest.devDependencies, ...manifest.dependencies });
}

function packageAt(base: string, name: string): Package | undefined {
  const directory = join(base, 'node_modules', ...name.split('/'));
  const text = readText(join(directory, 'package.json'));
  if (text === undefined) return undefined;
  try {
    const { version, engines } = JSON.parse(text) as { version?: string; engines?: { node?: string } };
    return { name, version: version ?? '?', directory, base, engines: engines?.node };
  } catch {
    return undefined;
  }
}

function packageFolders(modules: string): string[] {
  return namesIn(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@')
        ? namesIn(join(modules, name)).map((inner) => join(modules, name, inner))
        : [join(modules, name)],
    );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}
