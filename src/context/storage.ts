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

/** One storage for both the SDK's store and the caller's run of the request that is being handled. */
export interface ContextStorage {
  /**
   * The context of the code that is running; `undefined` if there is none. An outgoing request needs only this one
   * look-up.
   */
  current(): Context | undefined;
  /** Calls `Reflect.apply` in the given context. This needs neither a closure nor an array. */
  apply<T, R>(context: Context | undefined, target: Callback<T, R>, self: T, args: ArrayLike<unknown>): R;
  /** Whether the process has entered any context yet. */
  isEntered(): boolean;
  /** Whether the SDK has asked for this storage. */
  isShared(): boolean;
  /** Sets the one listener that is called before each context is entered. `undefined` removes it. It must not throw. */
  onEnter(listener: (() => void) | undefined): void;
  /** Returns the storage that the SDK finds under the shared key as it loads. */
  share(): Storage;
  /** Restores the shared key, or leaves a plain storage there. Runs under way keep their context. */
  uninstall(): void;
}

/** The storage of an agent that was stopped after the SDK had used it. It is still under the shared key. */
let retired: { shared: Storage; resume(onRun: OnRun): ContextStorage } | undefined;

type OnRun = (run: RunTreeLike) => void;

/**
 * @param existingStorage the value under the shared key: a storage if the agent starts after the SDK has loaded. It
 *   holds the runs under way
 * @param onRun called with each run that the SDK makes current
 */
export function createContextStorage(
  natives: Natives,
  existingStorage: unknown,
  onRun: OnRun,
): ContextStorage {
  const previous = existingStorage as Storage | undefined;
  if (previous !== undefined && previous === retired?.shared) return retired.resume(onRun);
  return createStorage(natives, previous, onRun);
}

function createStorage(natives: Natives, previous: Storage | undefined, firstOnRun: OnRun): ContextStorage {
  const { AsyncLocalStorage: Class } = natives;
  const apply = natives.apply as <T, R>(target: Callback<T, R>, self: T, args: ArrayLike<unknown>) => R;
  const contexts: AsyncLocalStorage<Context | undefined> = new Class();
  const holder = globalThis as { [SHARED_KEY]?: Storage };
  let onRun = firstOnRun;
  /** Represents "no context" if there is an earlier storage, because `undefined` would fall through to that storage. */
  const none = previous === undefined ? undefined : new Scope(undefined, undefined);
  let isActive = true;
  let isUsed = false;
  let isEntered = false;
  let entryListener: (() => void) | undefined;
  const unwatchClasses: (() => void)[] = [];

  function enter(): void {
    isEntered = true;
    entryListener?.();
  }

  function current(): Context | undefined {
    // On Node up to 22 a look-up from a callback of Node's own is a call into C++.
    const context = isEntered || none !== undefined ? contexts.getStore() : undefined;
    if (context !== undefined || previous === undefined) return context;
    const store = previous.getStore();
    return store === undefined ? undefined : new Scope(store, undefined);
  }

  /** Wraps a store of the SDK in a scope. Errors are caught here: they must not fail the function that is traced. */
  function scope(store: unknown): Scope {
    isUsed = true;
    enter();
    const context = isActive ? current() : undefined;
    const inbound = inboundOf(context);
    try {
      if (!isActive) return new Scope(store, undefined);
      const shown = remoteShownBy(store);
      // The application kept this run and entered it again. The run's own trace is used, not the trace of the current
      // request.
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
    // This is computed before `observe`, which may learn the class from this run. The SDK was not shown an object of
    // that class when it made the run.
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

  /** Returns the caller's run if the running code has no run of its own. */
  function callersRun(): RemoteRun | undefined {
    const context = current();
    return localRunOf(context) === undefined ? remoteOf(context) : undefined;
  }

  /** Adopts a run that the application made by `new RunTree()`, at its first use. */
  function join(run: RunTreeLike, remote: RemoteRun): void {
    onRun(run);
    adoptNew(run, remote);
    raiseStart(run);
  }

  /** Called for each run that is sent, including LangChain's. */
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
      entryListener = listener;
    },
    share() {
      noteSDK();
      // The SDK reads the key only once. Without this storage its next `traceable` would throw.
      isUsed = true;
      findRunTreeClass(callers(12));
      return shared;
    },
    uninstall() {
      isActive = false;
      entryListener = undefined;
      onRunTreeClass(undefined);
      for (const unwatch of unwatchClasses.splice(0)) unwatch();
      undoSampling();
      undoFinalization();
      if (holder[SHARED_KEY] !== shared) return;
      // Once the SDK has used this storage, it must stay: runs under way are in it, and the SDK would not make another.
      // From now on it acts as a plain storage.
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
