import { moduleClass } from '../builtins.ts';
import { importModule } from '../import-module.ts';
import { logFailure } from '../log.ts';
import { callers } from './asker.ts';
import type { RunTreeLike } from './run-tree.ts';

/** The SDK's `RunTree`, as far as the agent uses the class. Read in langsmith 0.1.64 to 0.12.0. */
export interface RunTreeClass {
  readonly prototype: object;
  fromHeaders(headers: Record<string, string>, inherited: Record<string, unknown>): RunTreeLike | undefined;
}

let known: RunTreeClass | undefined;
let onKnown: ((Class: RunTreeClass) => void) | undefined;

/** The class that this process makes its runs of; `undefined` until the agent has met it. */
export function runTreeClass(): RunTreeClass | undefined {
  return known;
}

/** Calls `listener` with the class as soon as it is known; `undefined` takes the listener away. */
export function onRunTreeClass(listener: ((Class: RunTreeClass) => void) | undefined): void {
  onKnown = listener;
  if (known !== undefined) listener?.(known);
}

/** Remembers the class of a run that the SDK made. */
export function learnRunTreeClass(run: object): void {
  if (known === undefined) remember(run.constructor);
}

/**
 * Finds the class while the SDK loads: the file that has just asked for the shared storage lies beside the one that
 * defines `RunTree`, which is loaded by then. Nothing is loaded that the application has not loaded. A bundle has no
 * such file: its class is known from its first run.
 */
export function findRunTreeClass(): void {
  if (known !== undefined) return;
  try {
    findBesideCaller();
  } catch (error) {
    logFailure('find the SDK', error, 'the application');
  }
}

function findBesideCaller(): void {
  for (const site of callers(12)) {
    const [, folder, extension] = SDK_FILE.exec(site.getFileName() ?? '') ?? [];
    if (folder === undefined) continue;
    const path = `${folder}run_trees.${extension}`;
    if (folder.startsWith('file:')) void importModule(path).then(rememberExport, ignore);
    else rememberExport(requireCache()[path]?.exports);
    return;
  }
}

/** `dist/traceable.js`, `lib/singletons/traceable.mjs` and their like. */
const SDK_FILE = /^(.*[\\/](?:dist|lib)[\\/])(?:singletons[\\/])?traceable\.([cm]?js)$/;

function requireCache(): Record<string, { exports?: unknown } | undefined> {
  return moduleClass<{ _cache?: Record<string, { exports?: unknown }> }>()._cache ?? {};
}

function rememberExport(exports: unknown): void {
  remember((exports as { RunTree?: unknown } | undefined)?.RunTree);
}

function remember(Class: unknown): void {
  if (known !== undefined || typeof (Class as RunTreeClass | undefined)?.fromHeaders !== 'function') return;
  known = Class as RunTreeClass;
  onKnown?.(known);
}

function ignore(): void {
  // A loader of the application's own may refuse. The first run tells the class.
}
