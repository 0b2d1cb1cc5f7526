import type { Counts, StartOptions, Status } from './api.ts';
import { type Config, readConfig } from './config.ts';
import { takeNatives } from './context/natives.ts';
import { onSDKLoaded, SHARED_KEY } from './context/shared-key.ts';
import type { Context } from './context/storage.ts';
import { type Core, prepareCore } from './core.ts';
import { flushAfterHandler } from './flush/lambda-handler.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { CLIENT_REQUEST, onFirstUse, SERVER } from './instrumentation/first-use.ts';
import { onHTTP2Loaded } from './instrumentation/http2/loaded.ts';
import type { Emit, Undo } from './instrumentation/instrumentation.ts';
import type { TaskContexts } from './instrumentation/libraries/binder.ts';
import { installLibraryGate, type LibraryGate } from './instrumentation/libraries/gate.ts';
import { onUndiciRequest } from './instrumentation/undici/channel.ts';
import { log, logFailure, setLogLevel } from './log.ts';
import { mainFile, tellWorkers } from './main-file.ts';
import { packageManager, reasonNotToStart } from './runtime.ts';
import { VERSION } from './version.ts';

/** The running agent, as every copy of the package in the process sees it. */
export interface Agent {
  status(): Status;
  traceHeaders(): Record<string, string>;
  continueTrace<T>(trace: unknown, baggage: unknown, fn: () => T): T;
  stop(): void;
}

/** The process has at most one agent. All copies of the package, CommonJS or ESM, share it under this key. */
const AGENT_KEY = Symbol.for('@org/trace-agent');

const NO_COUNTS: Counts = { injected: 0, relayed: 0, extracted: 0, distrusted: 0 };
const nothing: Undo = () => undefined;

let reason: string | undefined;

const DISABLED = 'TRACE_AGENT_ENABLED is false';

/** The agent that is running in this process, if any. */
export function runningAgent(): Agent | undefined {
  return (globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY];
}

export function start(options?: StartOptions): Status {
  startUnless(() => false, options);
  return status();
}

/** Starts the agent, unless there is a reason not to start or another copy of the package takes over. */
export function startUnless(handOver: () => boolean, options?: StartOptions): void {
  const { config, warnings } = readConfig(process.env, options);
  setLogLevel(config.log);
  // This check comes first, because on an old Node even `globalThis` is missing.
  const refusal = reasonNotToStart(process);
  if (refusal !== undefined && !config.force) {
    const file = mainFile(process);
    if (packageManager(file) !== undefined) tellWorkers(file);
    leave(refusal);
    return;
  }
  if (!config.enabled) {
    leave(DISABLED);
    return;
  }
  if (refusal !== undefined)
    log('info', `${refusal}, but version ${VERSION} starts because of TRACE_AGENT_FORCE`);
  const running = runningAgent();
  if (running !== undefined) {
    log(
      'info',
      `version ${running.status().version} is running already, so version ${VERSION} does not start`,
    );
    return;
  }
  if (!config.force && handOver()) {
    if (runningAgent() !== undefined) return;
    // The newer copy may have a reason not to start that this copy does not have, such as a newer minimum Node.js
    // version.
    log('info', `the newer version did not start, so version ${VERSION} starts`);
  }
  for (const warning of warnings) log('warn', warning);
  const agent = createAgent(config);
  Object.defineProperty(globalThis, AGENT_KEY, { value: agent, configurable: true });
}

function leave(why: string): void {
  reason = why;
  log('info', `not started: ${reason}`);
}

export function stop(): void {
  const running = runningAgent();
  if (running === undefined) return;
  running.stop();
  reason = 'stopped';
}

export function status(): Status {
  return runningAgent()?.status() ?? { running: false, version: VERSION, reason: reason ?? whyNotStarted() };
}

/** Computes the reason for a copy of the package that was not asked to start, from the same checks as the preload. */
function whyNotStarted(): string {
  return reasonNotToStart(process) ?? (readConfig(process.env).config.enabled ? 'not started' : DISABLED);
}

/**
 * Installs only the triggers: the first server, request or HTTP/2 session, and the SDK. `core.ts` holds all that
 * follows.
 */
function createAgent(config: Config): Agent {
  const compileCore = prepareCore();
  const natives = takeNatives();
  const existingStorage = (globalThis as { [SHARED_KEY]?: unknown })[SHARED_KEY];
  // The core is created at once if the SDK is loaded already.
  let core: Core | undefined =
    existingStorage === undefined ? undefined : compileCore()(config, natives, existingStorage);
  let isOver = false;
  let entryListener: (() => void) | undefined;
  let undoConnections = core?.watchConnections() ?? nothing;

  /** Creates the core on first use. Never throws: if creation fails, the process continues without the agent. */
  function loadCore(): Core | undefined {
    if (core !== undefined || isOver) return core;
    try {
      core = compileCore()(config, natives, existingStorage);
      core.contexts.onEnter(entryListener);
      undoConnections = core.watchConnections();
      gate?.onCoreLoaded();
    } catch (error) {
      isOver = true;
      logFailure('start', error, 'the application');
    }
    return core;
  }

  /** A library may be patched and used before there is a context. */
  const taskContexts: TaskContexts = {
    current: () => (isOver ? undefined : core?.contexts.current()),
    apply: (context, target, self, args) =>
      isOver || core === undefined
        ? natives.apply(target, self, args)
        : core.contexts.apply(context as Context | undefined, target, self, args),
    messages: () => (isOver ? undefined : loadCore()?.messages),
  };
  let gate: LibraryGate | undefined;
  const onModules: LibraryGate['onModules'] = (wanted) => gate?.onModules(wanted) ?? nothing;

  let lookForHTTP2: (() => void) | undefined;
  let lookForModules: (() => void) | undefined;

  function listenToEntries(): void {
    const listeners = [lookForHTTP2, lookForModules].filter((listener) => listener !== undefined);
    entryListener =
      listeners.length === 0
        ? undefined
        : () => {
            for (const listener of listeners) listener();
          };
    core?.contexts.onEnter(entryListener);
  }

  function onEnter(listener: (() => void) | undefined): void {
    lookForHTTP2 = listener;
    listenToEntries();
  }

  function onModulesAtEntry(): void {
    if (gate?.onContext() === true) return;
    lookForModules = undefined;
    listenToEntries();
  }

  const seams: Record<string, () => Undo> = {
    // This seam is first, because another seam may ask for modules of libraries at once.
    libraries() {
      gate = installLibraryGate(config.libraries, taskContexts, mainFile(process));
      if (core !== undefined) gate.onCoreLoaded();
      if (gate.waitsForContext) {
        lookForModules = onModulesAtEntry;
        listenToEntries();
      }
      return gate.uninstall;
    },
    'http-server': () =>
      onFirstUse<{ emit: Emit }>(SERVER, (prototype) => loadCore()?.watchServers(prototype) ?? nothing),
    'http-client': () =>
      onFirstUse(CLIENT_REQUEST, (prototype) => loadCore()?.watchRequests(prototype) ?? nothing),
    'http2-client': () => onHTTP2Loaded(onEnter, () => loadCore()?.watchSessions(onModules) ?? nothing),
    undici: () => onUndiciRequest(() => loadCore()?.watchUndici()),
  };

  const undos: Undo[] = [];
  if (config.flush > 0) {
    undos.push(flushAfterHandler(process.env, () => core?.flush() ?? Promise.resolve()) ?? nothing);
  }
  if (core === undefined) undos.push(onSDKLoaded(() => loadCore()?.contexts.share()));
  const installed: string[] = [];
  for (const [name, install] of Object.entries(seams)) {
    try {
      undos.push(install());
      installed.push(name);
    } catch (error) {
      logFailure(`install ${name}`, error);
    }
  }
  log('info', `version ${VERSION} started on Node.js ${process.versions.node}: ${installed.join(', ')}`);

  return {
    status: () => ({
      running: true,
      version: VERSION,
      config: {
        propagateTo: config.propagateTo.source,
        shareMetadataWith: config.shareMetadataWith.source,
        trust: config.trust.source,
        libraries: config.libraries.source,
        traceInBaggage: config.traceInBaggage,
        maxHeaderBytes: config.maxHeaderBytes,
        flush: config.flush,
        log: config.log,
      },
      instrumentation: [...installed],
      counts: { ...(core?.propagator.counts ?? NO_COUNTS) },
    }),
    traceHeaders() {
      const context = core?.contexts.current();
      const headers = context === undefined ? undefined : core?.propagator.headersOf(context);
      if (headers === undefined) return {};
      const { trace, baggage } = headers;
      return {
        ...(trace !== '' && { [TRACE_HEADER]: trace }),
        ...(baggage !== '' && { [BAGGAGE_HEADER]: baggage }),
      };
    },
    continueTrace(trace, baggage, fn) {
      const loaded = loadCore();
      return loaded === undefined ? fn() : loaded.continueTrace(trace, baggage, fn);
    },
    stop() {
      isOver = true;
      for (const undo of undos.reverse()) undo();
      undoConnections();
      core?.uninstall();
      if ((globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY] === this) {
        delete (globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY];
      }
    },
  };
}
