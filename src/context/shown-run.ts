/**
 * Represents the caller's run for the SDK. It is the run that `getCurrentRunTree(true)` returns in the handler of a
 * request that arrived with a trace. It is a `RunTree` of the SDK's own class, made by `RunTree.fromHeaders` as
 * LangSmith's guide describes, so it has all members and they behave as in a run made that way. It differs in three
 * points. Each of them prevents a run from being sent in another way than the application asked for:
 *
 * - A child keeps its own client and its own `tracingEnabled`. Without this, `createChild` would give it the parent's,
 *   and a traceable whose client hides inputs would send them in clear by the default client.
 * - The client and the replicas are hidden from LangChain's tracer for the same reason: it would use them in place of
 *   its own.
 * - `postRun` and `patchRun` send nothing. The run belongs to the caller, and the data in this process would overwrite
 *   it.
 *
 * The SDK's own parser never receives the headers. It gets the fields that the agent has read and checked.
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

/**
 * The caller's run of each shown run. Code may keep a shown run and enter it again without a request, or in another
 * request.
 */
const remotes = new WeakMap<object, RemoteRun>();

/** The caller's run that `store` represents; `undefined` for any other object. */
export function remoteShownBy(store: unknown): RemoteRun | undefined {
  return typeof store === 'object' && store !== null ? remotes.get(store) : undefined;
}

/**
 * @param onChild called with each run that is made as a child, before the application gets it
 * @returns `undefined` if the SDK makes no run from such headers
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
      // If the caller names no destination, a run keeps its own.
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

/** The property is not enumerable, like a method, because LangChain copies the enumerable properties of a run. */
function defineHidden(run: object, name: string, value: unknown): void {
  Object.defineProperty(run, name, { value, configurable: true, enumerable: false, writable: true });
}

/**
 * Hides a property from `LangChainTracer.updateFromRunTree` (@langchain/core 0.2 to 1.4), which replaces the tracer's
 * client and replicas by those of the current run.
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

/** Returns a new array each time. A request may make thousands of runs, and its context outlives them. */
function keepNoChildren(run: RunTreeLike): void {
  Object.defineProperty(run, 'child_runs', {
    configurable: true,
    enumerable: true,
    get: () => new ChildRuns(),
    set() {
      // LangChain assigns the array that it has just read. The assignment is ignored.
    },
  });
}

/** Inherits metadata as the SDK does from 0.5.9 on. Before 0.5.9, a child got no metadata of its parent. */
function inheritMetadata(child: RunTreeLike, parent: RunTreeLike): void {
  const inherited = parent.extra?.metadata as object | undefined;
  if (inherited === undefined || Object.keys(inherited).length === 0) return;
  const metadata = { ...inherited, ...(child.extra?.metadata as object | undefined) };
  child.extra = { ...child.extra, metadata };
}
