import type { AsyncLocalStorage } from 'node:async_hooks';
import { logFailure } from '../log.ts';
import { adopt, adoptNew } from './adoption.ts';
import { noteSDK } from './arrival.ts';
import { callers } from './asker.ts';
import { raiseStart } from './clock-skew.ts';
import { currentRunFor, withoutCaller, withVariables } from './current-run.ts';
import { undoFinalization } from './finalization.ts';
import { forgetRequest, requestOf, watchRoots } from './joining.ts';
import type { Natives } from './natives.ts';
import type { RemoteRun } from './remote-run.ts';
import { isRootOnPurpose } from './root-on-purpose.ts';
import { isRunTree, type RunTreeLike } from './run-tree.ts';
import { findRunTreeClass, learnRunTreeClass, onRunTreeClass } from './run-tree-class.ts';
import { honourDecisions, undoSampling } from './sampling.ts';
import { type Context, inboundOf, localRunOf, remoteOf, Scope, storeOf } from './scope.ts';
import { SHARED_KEY } from './shared-key.ts';
import { remoteShownBy } from './shown-run.ts';

export { type Context, detachedOf, inboundOf, localRunOf, remoteOf } from './scope.ts';

/** The part of `AsyncLocalStorage` that the SDKs and LangChain use. */
interface Storage {
  getStore(): unknown;
  run<R>(store: unknown, callback: (...args: never[]) => R, ...args: unknown[]): R;
  enterWith(store: unknown): void;
  exit<R>(callback: (...args: never[]) => R, ...args: unknown[]): R;
  disable(): void;
}

type Callback<T, R> = (this: T, ...args: never[]) => R;

/** One storage for both: what the SDK keeps in it, and the caller's run of the request that is being handled. */
export interface ContextStorage {
  /** The context of the code that is running; `undefined` where there is none. The one look-up of a call out. */
  current(): Context | undefined;
  /** `Reflect.apply` in the context of a request: it needs neither a closure nor an array. */
  apply<T, R>(context: Context | undefined, target: Callback<T, R>, self: T, args: ArrayLike<unknown>): R;
  /** Whether the process has entered any context yet. */
  isEntered(): boolean;
  /** Whether the SDK has asked for this storage. */
  isShared(): boolean;
  /** Calls the one `listener` before each context that is entered; `undefined` takes it away. It must not throw. */
  onEnter(listener: (() => void) | undefined): void;
  /** What the SDK finds under the shared key, as it loads. */
  share(): Storage;
  /** Puts the shared key back, or leaves a plain storage there. Runs under way keep their context. */
  uninstall(): void;
}

/** The storage of an agent that was stopped after the SDK had used it, under the shared key to this day. */
let retired: { shared: Storage; resume(onRun: OnRun): ContextStorage } | undefined;

type OnRun = (run: RunTreeLike) => void;

/**
 * @param found what lay under the shared key: a storage where the agent starts after the SDK has loaded. Runs under way
 *   are in there
 * @param onRun called with each run that the SDK makes current
 */
export function createContextStorage(natives: Natives, found: unknown, onRun: OnRun): ContextStorage {
  const previous = found as Storage | undefined;
  if (previous !== undefined && previous === retired?.shared) return retired.resume(onRun);
  return createStorage(natives, previous, onRun);
}

function createStorage(natives: Natives, previous: Storage | undefined, firstOnRun: OnRun): ContextStorage {
  const { AsyncLocalStorage: Class } = natives;
  const apply = natives.apply as <T, R>(target: Callback<T, R>, self: T, args: ArrayLike<unknown>) => R;
  const contexts: AsyncLocalStorage<Context | undefined> = new Class();
  const holder = globalThis as { [SHARED_KEY]?: Storage };
  let onRun = firstOnRun;
  /** Where there is a storage from before, no context is one too: it must not fall through to that storage. */
  const none = previous === undefined ? undefined : new Scope(undefined, undefined);
  let isActive = true;
  let isUsed = false;
  let isEntered = false;
  let beforeEntry: (() => void) | undefined;
  const unwatchClasses: (() => void)[] = [];

  function enter(): void {
    isEntered = true;
    beforeEntry?.();
  }

  function current(): Context | undefined {
    // On Node up to 22 a look-up from a callback of Node's own is a call into C++.
    const context = isEntered || none !== undefined ? contexts.getStore() : undefined;
    if (context !== undefined || previous === undefined) return context;
    const store = previous.getStore();
    return store === undefined ? undefined : new Scope(store, undefined);
  }

  /** What the SDK's store becomes part of. What fails here must not fail the function that is traced. */
  function scope(store: unknown): Scope {
    isUsed = true;
    enter();
    const context = isActive ? current() : undefined;
    const inbound = inboundOf(context);
    try {
      if (!isActive) return new Scope(store, undefined);
      const shown = remoteShownBy(store);
      // Kept by the application and entered again: its own trace counts, not that of the moment.
      if (shown !== undefined) return new Scope(store, shown.again());
      const remote = remoteOf(context);
      const own = remote === undefined ? store : withoutCaller(store, remote);
      if (isRunTree(own)) link(own, remote, context);
      else if (remote !== undefined) return new Scope(withVariables(own, remote, observe), remote, own);
    } catch (error) {
      logFailure('adopt a run', error);
    }
    return new Scope(store, inbound);
  }

  function observe(run: RunTreeLike): void {
    learnRunTreeClass(run);
    onRun(run);
  }

  function link(run: RunTreeLike, remote: RemoteRun | undefined, context: Context | undefined): void {
    // Asked first: from this run the class may become known, which the SDK was not shown an object of.
    const isApart = remote === undefined || localRunOf(context) !== undefined || isRootOnPurpose(run);
    observe(run);
    const maker = requestOf(run);
    // Made in another request than the one that enters it now: it belongs to the request that made it.
    if (maker !== undefined && maker !== remote) adoptNew(run, maker);
    else if (!isApart && remote !== undefined) adopt(run, remote);
    if (maker === undefined && remote === undefined) return;
    forgetRequest(run);
    raiseStart(run);
  }

  /** The caller's run, where the code that runs has no run of its own. */
  function callersRun(): RemoteRun | undefined {
    const context = current();
    return localRunOf(context) === undefined ? remoteOf(context) : undefined;
  }

  /** A run that the application has made for itself and uses for the first time. */
  function join(run: RunTreeLike, remote: RemoteRun): void {
    onRun(run);
    adoptNew(run, remote);
    raiseStart(run);
  }

  /** Each run that is sent, LangChain's too. */
  function onPost(run: RunTreeLike): void {
    onRun(run);
    honourDecisions(run.client);
  }

  function watchClass(): void {
    onRunTreeClass((Class) => {
      const unwatch = watchRoots(Class, callersRun, join, onPost);
      unwatchClasses.push(unwatch);
    });
  }

  const shared: Storage = {
    getStore() {
      isUsed = true;
      const context = current();
      if (context === undefined) return undefined;
      if (context instanceof Scope) return storeOf(context);
      return isActive ? currentRunFor(context, observe) : undefined;
    },
    run: (store, callback, ...args) => contexts.run(scope(store), callback as () => never, ...(args as [])),
    enterWith: (store) => contexts.enterWith(scope(store)),
    exit: (callback, ...args) => contexts.run(scope(undefined), callback as () => never, ...(args as [])),
    disable: () => contexts.enterWith(scope(undefined)),
  };
  watchClass();
  if (previous !== undefined) {
    noteSDK();
    holder[SHARED_KEY] = shared;
  }

  const storage: ContextStorage = {
    current,
    apply<T, R>(context: Context | undefined, target: Callback<T, R>, self: T, args: ArrayLike<unknown>): R {
      if (context !== undefined) enter();
      return contexts.run(context ?? none, apply<T, R>, target, self, args);
    },
    isEntered: () => isEntered,
    isShared: () => isUsed,
    onEnter(listener) {
      beforeEntry = listener;
    },
    share() {
      noteSDK();
      // The SDK does not look again: without this storage its next `traceable` would throw.
      isUsed = true;
      findRunTreeClass(callers(12));
      return shared;
    },
    uninstall() {
      isActive = false;
      beforeEntry = undefined;
      onRunTreeClass(undefined);
      for (const unwatch of unwatchClasses.splice(0)) unwatch();
      undoSampling();
      undoFinalization();
      if (holder[SHARED_KEY] !== shared) return;
      // Once the SDK has used it, it must stay: runs under way are in it, and the SDK would not make another. From
      // now on it is a plain storage.
      if (isUsed) retired = { shared, resume };
      else if (previous !== undefined) holder[SHARED_KEY] = previous;
      else delete holder[SHARED_KEY];
    },
  };

  function resume(nextOnRun: OnRun): ContextStorage {
    onRun = nextOnRun;
    isActive = true;
    watchClass();
    return storage;
  }
  return storage;
}
