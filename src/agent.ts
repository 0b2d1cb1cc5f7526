import type { StartOptions, Status } from './api.ts';
import { type Config, readConfig } from './config.ts';
import type { RemoteRun } from './context/remote-run.ts';
import { installContextStorage } from './context/storage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from './headers/names.ts';
import { installHTTPClient } from './instrumentation/http/client.ts';
import { installHTTPServer } from './instrumentation/http/server.ts';
import { installHTTP2Client } from './instrumentation/http2/client.ts';
import type { Install, Undo } from './instrumentation/instrumentation.ts';
import { installUndici } from './instrumentation/undici/client.ts';
import { log, logFailure, setLogLevel } from './log.ts';
import { mainFile, tellWorkers } from './main-file.ts';
import { DestinationPolicy } from './policy/destinations.ts';
import { createLangSmithAPI } from './policy/langsmith-api.ts';
import { PeerPolicy } from './policy/peers.ts';
import { Propagator } from './propagator.ts';
import { packageManager, reasonNotToStart } from './runtime.ts';
import { VERSION } from './version.ts';

/** The agent at work, as any copy of the package in the process finds it. */
export interface Agent {
  status(): Status;
  traceHeaders(): Record<string, string>;
  continueTrace<T>(trace: unknown, baggage: unknown, fn: () => T): T;
  stop(): void;
}

/** One agent a process, whichever copy of the package it comes from, CommonJS or ESM. */
const AGENT_KEY = Symbol.for('@org/trace-agent');

const INSTRUMENTATION: readonly (readonly [string, Install])[] = [
  ['http-server', installHTTPServer],
  ['http-client', installHTTPClient],
  ['http2-client', installHTTP2Client],
  ['undici', installUndici],
];

let reason: string | undefined;

const DISABLED = 'TRACE_AGENT_ENABLED is false';

/** The agent at work in this process, if any. */
export function runningAgent(): Agent | undefined {
  return (globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY];
}

export function start(options?: StartOptions): Status {
  startUnless(() => false, options);
  return status();
}

/** Starts, unless there is a reason not to, or another copy of the package takes over. */
export function startUnless(handOver: () => boolean, options?: StartOptions): void {
  const { config, warnings } = readConfig(process.env, options);
  setLogLevel(config.log);
  // First of all: on an old Node even `globalThis` is missing.
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
  if (refusal !== undefined) log('info', `${refusal}, but TRACE_AGENT_FORCE has version ${VERSION} start`);
  const running = runningAgent();
  if (running !== undefined) {
    log('info', `version ${running.status().version} is at work already; version ${VERSION} leaves it so`);
    return;
  }
  if (!config.force && handOver()) {
    if (runningAgent() !== undefined) return;
    // It may have a reason that this copy does not have, as where it needs a newer Node.js.
    log('info', `the newer version did not start, so version ${VERSION} does`);
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

/** For a copy of the package that has not been asked to start: what a preload that was has found. */
function whyNotStarted(): string {
  return reasonNotToStart(process) ?? (readConfig(process.env).config.enabled ? 'not started' : DISABLED);
}

function createAgent(config: Config): Agent {
  const langSmithAPI = createLangSmithAPI(process.env, () => destinations.forget());
  const destinations = new DestinationPolicy(config, langSmithAPI);
  const propagator = new Propagator(config, destinations, new PeerPolicy(config.trust), process.env);
  const contexts = installContextStorage((run) => langSmithAPI.observe(run));
  const undos: Undo[] = [];
  const installed: string[] = [];
  for (const [name, install] of INSTRUMENTATION) {
    try {
      undos.push(install(contexts, propagator));
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
        maxHeaderBytes: config.maxHeaderBytes,
        log: config.log,
      },
      instrumentation: [...installed],
      counts: { ...propagator.counts },
    }),
    traceHeaders() {
      const context = contexts.current();
      const headers = context === undefined ? undefined : propagator.headersOf(context);
      if (headers === undefined) return {};
      const { trace, baggage } = headers;
      return baggage === ''
        ? { [TRACE_HEADER]: trace }
        : { [TRACE_HEADER]: trace, [BAGGAGE_HEADER]: baggage };
    },
    continueTrace(trace, baggage, fn) {
      const remote: RemoteRun | undefined = propagator.read(trace, baggage);
      return remote === undefined ? fn() : contexts.apply(remote, fn, undefined, []);
    },
    stop() {
      for (const undo of undos.reverse()) undo();
      contexts.uninstall();
      if ((globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY] === this) {
        delete (globalThis as { [AGENT_KEY]?: Agent })[AGENT_KEY];
      }
    },
  };
}
