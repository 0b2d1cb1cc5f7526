import { moduleClass } from '../builtins.ts';
import { importModule } from '../import-module.ts';
import { logFailure } from '../log.ts';
import type { RunTreeLike } from './run-tree.ts';

/** The members of the SDK's `RunTree` class that the agent uses. Read in langsmith 0.1.64 to 0.12.0. */
export interface RunTreeClass {
  readonly prototype: object;
  fromHeaders(headers: Record<string, string>, inherited: Record<string, unknown>): RunTreeLike | undefined;
}

/**
 * The classes that are known. A process may have several copies of the SDK: CommonJS and ESM, or one that LangChain
 * brings.
 */
const classes = new Set<RunTreeClass>();
const seenFiles = new Set<string>();
let onKnown: ((Class: RunTreeClass) => void) | undefined;

/** Returns the class of the first copy of the SDK that the agent has found; `undefined` until then. */
export function runTreeClass(): RunTreeClass | undefined {
  for (const Class of classes) return Class;
  return undefined;
}

/** Calls `listener` with each class as soon as it is known. `undefined` removes the listener. */
export function onRunTreeClass(listener: ((Class: RunTreeClass) => void) | undefined): void {
  onKnown = listener;
  if (listener !== undefined) for (const Class of classes) listener(Class);
}

/** Remembers the class of a run that the SDK made. */
export function learnRunTreeClass(run: object): void {
  remember(run.constructor);
}

/**
 * Finds the class of the SDK that calls, even while the SDK loads. The file that asks for the shared storage lies
 * beside the file that defines `RunTree`, which is loaded by then. Only modules that the application has loaded are
 * used. A bundle has no such file, so its class is learned from its first run.
 */
export function findRunTreeClass(sites: readonly NodeJS.CallSite[]): void {
  try {
    for (const site of sites) {
      const file = site.getFileName();
      if (typeof file === 'string' && !seenFiles.has(file)) findBeside(file);
    }
  } catch (error) {
    logFailure('find the SDK', error, 'the application');
  }
}

/** Matches `dist/traceable.js`, `lib/singletons/traceable.mjs` and similar paths. */
const SDK_FILE = /^(.*[\\/](?:dist|lib)[\\/])(?:singletons[\\/])?traceable\.([cm]?js)$/;
/** Limits the set of files, because an application that generates code may have any number of file names. */
const MOST_FILES = 1000;

function findBeside(file: string): void {
  const [, folder, extension] = SDK_FILE.exec(file) ?? [];
  if (folder !== undefined) {
    const path = `${folder}run_trees.${extension}`;
    if (folder.startsWith('file:')) void importModule(path).then(rememberExport, ignore);
    else rememberExport(requireCache()[path]?.exports);
  }
  if (seenFiles.size < MOST_FILES) seenFiles.add(file);
}

function requireCache(): Record<string, { exports?: unknown } | undefined> {
  return moduleClass<{ _cache?: Record<string, { exports?: unknown }> }>()._cache ?? {};
}

function rememberExport(exports: unknown): void {
  remember((exports as { RunTree?: unknown } | undefined)?.RunTree);
}

function remember(value: unknown): void {
  const Class = value as RunTreeClass | undefined;
  if (typeof Class?.fromHeaders !== 'function' || classes.has(Class)) return;
  classes.add(Class);
  onKnown?.(Class);
}

function ignore(): void {
  // A custom loader of the application may refuse. The class is then learned from the first run.
}
