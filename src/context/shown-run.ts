/**
 * The caller's run as the SDK is shown it: what `getCurrentRunTree(true)` returns in the handler of a request that came
 * with a trace. It is a `RunTree` of the SDK's own class, made as LangSmith's guide has people make it by hand
 * (`RunTree.fromHeaders`), so every member is there and does what it does by hand. It differs in three points, each of
 * which keeps a run from being sent otherwise than the application asked for:
 *
 * - A child keeps its own client and its own `tracingEnabled`. By hand `createChild` gives it the parent's, so a
 *   traceable with a client that hides inputs would send them in clear by the default client.
 * - LangChain's tracer is not shown the client and the replicas, for the same reason: it would take them for its own.
 * - `postRun` and `patchRun` send nothing. The run is the caller's, and what this process knows of it would overwrite it.
 *
 * The SDK's own parser never sees a header: it gets the fields that the agent has read and checked.
 */
import { parseAddress } from '../headers/address.ts';
import { TRACE_HEADER } from '../headers/names.ts';
import { logFailure } from '../log.ts';
import { isCalledBy } from './asker.ts';
import { ChildRuns, raiseStart } from './clock-skew.ts';
import { finalizeAsRoot } from './finalization.ts';
import { leaveOut, silence } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';
import type { RunTreeLike } from './run-tree.ts';
import type { RunTreeClass } from './run-tree-class.ts';
import { sampleAsCaller } from './sampling.ts';

interface ChildConfig {
  readonly client?: unknown;
  readonly tracingEnabled?: unknown;
  readonly project_name?: unknown;
  readonly address?: unknown;
}
type CreateChild = (this: object, config: ChildConfig) => RunTreeLike;

/** Code may keep a shown run and enter it again where there is no request, or another's. */
const remotes = new WeakMap<object, RemoteRun>();

/** The caller's run that `store` shows; `undefined` for any other object. */
export function remoteShownBy(store: unknown): RemoteRun | undefined {
  return typeof store === 'object' && store !== null ? remotes.get(store) : undefined;
}

/**
 * @param onChild called with each run that is made as a child, before the application gets it
 * @returns `undefined` where the SDK makes no run of such headers
 */
export function showRun(
  remote: RemoteRun,
  Class: RunTreeClass,
  onChild: (run: RunTreeLike) => void,
): RunTreeLike | undefined {
  const { metadata, tags, project, address } = remote.fields;
  const fields: Record<string, unknown> = { metadata: { ...metadata }, tags: [...(tags ?? [])] };
  const parsedAddress = address === undefined ? undefined : parseAddress(address);
  // A version that does not know addresses must not be given one.
  if (project !== undefined) fields['project_name'] = project;
  else if (parsedAddress !== undefined) fields['address'] = parsedAddress;
  const made = Class.fromHeaders({ [TRACE_HEADER]: remote.dottedOrder }, fields);
  if (made === undefined) return undefined;
  const run: RunTreeLike = made;
  remotes.set(run, remote);
  const isPlaced = project !== undefined || parsedAddress !== undefined;
  if (remote.isLeftOut) leaveOut(run);
  else sampleAsCaller(run, remote);
  const hidden = { client: run.client, replicas: run.replicas };
  hideFromLangChain(run, hidden, 'client');
  hideFromLangChain(run, hidden, 'replicas');
  keepNoChildren(run);
  const create = (Class.prototype as { createChild: CreateChild }).createChild;

  function createChild(config: ChildConfig): RunTreeLike {
    const { tracingEnabled, project_name, address } = run;
    const { client } = hidden;
    let child: RunTreeLike;
    try {
      const own = config?.client ?? client;
      hidden.client = remote.isLeftOut && own instanceof Object ? silence(own) : own;
      run.tracingEnabled = config?.tracingEnabled ?? tracingEnabled;
      // A caller that names no destination leaves a run its own.
      if (!isPlaced && (config?.project_name || config?.address)) {
        run.project_name = config.project_name;
        if ('address' in run) run.address = config.address;
      }
      child = create.call(run, config);
    } finally {
      hidden.client = client;
      run.tracingEnabled = tracingEnabled;
      run.project_name = project_name;
      if ('address' in run) run.address = address;
    }
    try {
      inheritMetadata(child, run);
      raiseStart(child);
      onChild(child);
      if (!remote.isLeftOut) sampleAsCaller(child, remote);
      finalizeAsRoot(child, remote);
    } catch (error) {
      logFailure('make a child of the caller’s run', error);
    }
    return child;
  }

  defineHidden(run, 'createChild', createChild);
  defineHidden(run, 'postRun', sendNothing);
  defineHidden(run, 'patchRun', sendNothing);
  return run;
}

async function sendNothing(): Promise<void> {}

/** Not enumerable, like a method: LangChain copies a run by its enumerable properties. */
function defineHidden(run: object, name: string, value: unknown): void {
  Object.defineProperty(run, name, { value, configurable: true, enumerable: false, writable: true });
}

/**
 * `LangChainTracer.updateFromRunTree` (@langchain/core 0.2 to 1.4) takes over the client and the replicas of the current
 * run, in place of those that the tracer was made with.
 */
function hideFromLangChain<K extends 'client' | 'replicas'>(
  run: RunTreeLike,
  hidden: Pick<RunTreeLike, K>,
  name: K,
): void {
  if (!(name in run)) return;
  Object.defineProperty(run, name, {
    configurable: true,
    enumerable: true,
    get: () => (isCalledBy(4, 'updateFromRunTree') ? undefined : hidden[name]),
    set(value: unknown) {
      hidden[name] = value;
    },
  });
}

/** A new array each time: a request may make thousands of runs, and its context outlives them. */
function keepNoChildren(run: RunTreeLike): void {
  Object.defineProperty(run, 'child_runs', {
    configurable: true,
    enumerable: true,
    get: () => new ChildRuns(),
    set() {
      // LangChain assigns what it has just read.
    },
  });
}

/** As the SDK does from 0.5.9 on; before, a child got nothing of its parent's metadata. */
function inheritMetadata(child: RunTreeLike, parent: RunTreeLike): void {
  const inherited = parent.extra?.metadata as object | undefined;
  if (inherited === undefined || Object.keys(inherited).length === 0) return;
  const metadata = { ...inherited, ...(child.extra?.metadata as object | undefined) };
  child.extra = { ...child.extra, metadata };
}
