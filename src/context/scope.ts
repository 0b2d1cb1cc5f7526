import { type Inbound, RemoteRun } from './remote-run.ts';
import { isRunTree, type RunTreeLike } from './run-tree.ts';
import { remoteShownBy } from './shown-run.ts';

/** A value that the SDK has put into its storage, and the request in whose context it did so. */
export class Scope {
  readonly store: unknown;
  readonly inbound: Inbound | undefined;
  /** The SDK's own store. It differs from `store` if the agent has added the caller's run (`withVariables`). */
  readonly ownStore: unknown;
  /** See `detachedOf`. */
  readonly isDetached: boolean;
  constructor(store: unknown, inbound: Inbound | undefined, ownStore: unknown = store, isDetached = false) {
    this.store = store;
    this.inbound = inbound;
    this.ownStore = ownStore;
    this.isDetached = isDetached;
  }
}

/** The SDK's scope, or the inbound headers of the request if the SDK has not set a scope in it yet. */
export type Context = Scope | Inbound;

/**
 * Returns the context for an object that outlives `context`, such as a connection. The SDK finds its own store there,
 * as it does without the agent. The agent neither injects nor adopts in it.
 */
export function detachedOf(context: Context): Context | undefined {
  if (!(context instanceof Scope) || context.ownStore === undefined) return undefined;
  if (context.isDetached) return context;
  return new Scope(context.ownStore, undefined, context.ownStore, true);
}

/** Returns the store that the SDK is shown. Once the request has ended, the store is shown without the caller's run. */
export function storeOf(scope: Scope): unknown {
  const isShown = scope.store === scope.ownStore || remoteOf(scope) !== undefined;
  return isShown ? scope.store : scope.ownStore;
}

/** Returns the inbound headers of the request that `context` belongs to. */
export function inboundOf(context: Context | undefined): Inbound | undefined {
  return context instanceof Scope ? context.inbound : context;
}

/** Returns the caller's run of that request; `undefined` once the context of the request has ended. */
export function remoteOf(context: Context | undefined): RemoteRun | undefined {
  const inbound = inboundOf(context);
  return inbound instanceof RemoteRun && !inbound.isOver ? inbound : undefined;
}

/** Returns the SDK's current run; `undefined` if its storage holds no run, or the caller's. */
export function localRunOf(context: Context | undefined): RunTreeLike | undefined {
  if (!(context instanceof Scope) || context.isDetached || !isRunTree(context.store)) return undefined;
  return remoteShownBy(context.store) === undefined ? context.store : undefined;
}
