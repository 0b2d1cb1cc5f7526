import { moduleClass } from '../builtins.ts';
import { raiseStart } from './clock-skew.ts';

type RunTreeClass = new (config: Record<string, unknown>) => object;

let known: RunTreeClass | undefined;
let missed = false;

/** Remembers the class of a run that the SDK made. */
export function learnRunTreeClass(run: object): void {
  if (known === undefined) known = run.constructor as RunTreeClass;
}

/**
 * Whether the SDK may be shown the placeholder. Not once something has called its `createChild` before any run
 * was made and in vain: langsmith 0.1.39 to 0.1.63 calls it on whatever is in the store, and only a store that
 * is empty makes it start a run, from which the class is learned.
 */
export function canShowPlaceholder(): boolean {
  return !missed || known !== undefined;
}

/** A child of `parent`, as `RunTree.createChild` makes it, of the class that this process uses. */
export function createChildOf(parent: object, config: Record<string, unknown>): unknown {
  known ??= findInRequireCache() ?? findNearCaller();
  if (known === undefined) {
    missed = true;
    return new UntracedRun();
  }
  const { project_name, address, extra } = parent as {
    project_name?: unknown;
    address?: unknown;
    extra: { metadata: Record<string, unknown> };
  };
  const metadata = { ...extra.metadata, ...(config['metadata'] as object | undefined) };
  const destination =
    address !== undefined ? { address } : project_name !== undefined ? { project_name } : {};
  const child = new known({ ...config, ...destination, metadata, parent_run: parent });
  raiseStart(child);
  return child;
}

/** The SDK as CommonJS, where no run has been made yet: `langsmith/dist/run_trees.cjs`, `langsmith/lib/run_trees.js`. */
function findInRequireCache(): RunTreeClass | undefined {
  const { _cache: cache } = moduleClass<{
    _cache?: Record<string, { exports?: { RunTree?: RunTreeClass } }>;
  }>();
  for (const path of Object.keys(cache ?? {})) {
    if (/[\\/]langsmith[\\/](?:dist|lib)[\\/]run_trees\.c?js$/.test(path))
      return cache?.[path]?.exports?.RunTree;
  }
  return undefined;
}

/** The SDK as ESM: the CommonJS copy of the package that the calling file would get makes runs as well. */
function findNearCaller(): RunTreeClass | undefined {
  const { createRequire } = moduleClass();
  const frames = new Error().stack?.match(/(?:file:\/\/)?\/[^\s()]+?(?=:\d+:\d+)/g) ?? [];
  for (const file of new Set(frames)) {
    try {
      return (createRequire(file)('langsmith/run_trees') as { RunTree?: RunTreeClass }).RunTree;
    } catch {
      // A file that does not see the package: ours, or Node's own.
    }
  }
  return undefined;
}

/** Where no run can be made, the caller's code goes on with one that is not traced. */
class UntracedRun {
  readonly tracingEnabled = false;
  createChild(): UntracedRun {
    return new UntracedRun();
  }
  async postRun(): Promise<void> {}
  async patchRun(): Promise<void> {}
  async end(): Promise<void> {}
  addEvent(): void {}
}
