/**
 * Adopts runs that are made by `new RunTree()` in the handler of a request. Such a run may never become the current
 * run, and it may be posted at any time: an exporter may post from a timer, which runs in the context of another
 * request. So the request is recorded when the run is made, and the run is adopted when it is first used.
 *
 * The constructor (langsmith 0.1.31 to 0.12.0, `run_trees.js`) assigns the result of the static `getDefaultConfig` and
 * then its argument to the new object, symbols last. The agent adds one more symbol to the defaults and puts a setter
 * for it on the prototype. The setter receives the new object, with its argument already assigned, and adds no property
 * to it.
 */
import { logFailure } from '../log.ts';
import { endAndWait } from './finalization.ts';
import { isLeftOut, leaveOut } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';
import type { RunTreeLike } from './run-tree.ts';
import type { RunTreeClass } from './run-tree-class.ts';

const MADE = Symbol('trace-agent: made');
const USES = ['createChild', 'postRun', 'patchRun', 'toHeaders'] as const;

type Method = (this: RunTreeLike, ...args: unknown[]) => unknown;

const madeFor = new WeakMap<object, RemoteRun>();

/** The caller's run of the request in which a run was made by hand, until the run is used. */
export function requestOf(run: RunTreeLike): RemoteRun | undefined {
  return madeFor.get(run);
}

/** The request is no matter for this run: it was adopted, or is a root on purpose. */
export function forgetRequest(run: RunTreeLike): void {
  madeFor.delete(run);
}

/**
 * @param callersRun returns the caller's run if a root that is made now is to become its child
 * @param join called with each such root before its first use
 * @param onPost called with each run that is posted
 * @returns restores the class
 */
export function watchRoots(
  Class: RunTreeClass,
  callersRun: () => RemoteRun | undefined,
  join: (run: RunTreeLike, remote: RemoteRun) => void,
  onPost: (run: RunTreeLike) => void,
): () => void {
  const owner = Class as unknown as { getDefaultConfig?: (this: unknown) => object };
  const prototype = Class.prototype as Record<PropertyKey, unknown>;
  const { getDefaultConfig } = owner;
  if (typeof getDefaultConfig !== 'function') return () => undefined;

  function patchedDefaults(this: unknown): object {
    const defaults = (getDefaultConfig as () => object).call(this);
    const remote = guarded(callersRun);
    return remote === undefined ? defaults : { ...defaults, [MADE]: remote };
  }

  function note(this: RunTreeLike, remote: RemoteRun): void {
    guarded(() => {
      if (!isPlaced(this)) madeFor.set(this, remote);
    });
  }

  const undos = [replace(owner, 'getDefaultConfig', named('getDefaultConfig', patchedDefaults))];
  Object.defineProperty(prototype, MADE, { configurable: true, set: note });
  for (const name of USES) {
    const original = prototype[name] as Method | undefined;
    if (typeof original !== 'function') continue;
    const patched: Method = function (...args) {
      const remote = madeFor.get(this);
      if (remote !== undefined) {
        madeFor.delete(this);
        guarded(() => join(this, remote));
      }
      if (name === 'postRun') guarded(() => onPost(this));
      if (name === 'postRun' || name === 'patchRun') guarded(() => isLeftOut(this) && leaveOut(this));
      return name === 'patchRun'
        ? endAndWait(this, () => original.apply(this, args))
        : original.apply(this, args);
    };
    undos.push(replace(prototype, name, named(name, patched)));
  }
  return () => {
    for (const undo of undos) undo();
    delete prototype[MADE];
  };
}

/**
 * Whether the run has a place in a trace already, as `createChild`, `fromHeaders` and LangChain's tracer give it one.
 */
function isPlaced(run: RunTreeLike): boolean {
  return [run.dotted_order, run.trace_id, run.parent_run, run.parent_run_id].some((field) => field != null);
}

function guarded<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    logFailure('adopt a run', error);
    return undefined;
  }
}

function named<F extends object>(name: string, replacement: F): F {
  return Object.defineProperty(replacement, 'name', { value: name, configurable: true });
}

/** @returns restores the property, unless it has been replaced again since */
function replace(owner: object, name: string, replacement: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  if (before === undefined) return () => undefined;
  Object.defineProperty(owner, name, { ...before, value: replacement });
  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === replacement) {
      Object.defineProperty(owner, name, before);
    }
  };
}
