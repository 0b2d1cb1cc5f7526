/** Defines the variants: how each process is started, and what the upstream must receive from it. */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../scripts/nodes.mjs';
import { peer } from './peers.mjs';

const AGENT_REQUIRE = ['--require', join(root, 'dist', 'register.cjs')];
const AGENT_IMPORT = ['--import', pathToFileURL(join(root, 'register.mjs')).href];

/**
 * @typedef {object} Variant
 * @property {string} name
 * @property {string} label for the table
 * @property {string[]} preload options of Node
 * @property {string} manner a function of apps/manners.cjs
 * @property {string} app the app for the start-up, if it differs from the others'
 * @property {'trace' | 'none'} inbound whether its requests have a trace
 * @property {string} expect a check of arrival.mjs
 * @property {string} expectOfTrace the check for requests with a trace, if it is measured without
 * @property {boolean} isTracedBefore whether the measured process serves those before; otherwise another process does
 * @property {string} group the peer it needs
 * @property {number} every it takes part in every nth round of the start-ups
 * @property {string} beside the name of the variant that it is compared with; its bursts directly follow that one's
 * @property {boolean} tracing whether LangSmith's tracing is on
 */
const variant = (name, label, options) => ({
  name,
  label,
  preload: [],
  manner: 'plain',
  inbound: 'trace',
  expect: 'nothing',
  group: undefined,
  tracing: false,
  ...options,
});

const preloaded = (name) => ['--require', join(root, 'bench', 'preloads', `${name}.cjs`)];
const aPeer = (name, label, expect) =>
  variant(name, label, { preload: preloaded(name), expect, group: name });

export const BASELINE = variant('bare', 'bare Node');

const AGAIN = variant('bare again', 'bare Node again');
const PEERS = [
  aPeer('otel', 'OpenTelemetry, http and undici', 'traceparent'),
  aPeer('otel-auto', 'OpenTelemetry, auto-instrumentation', 'traceparent'),
  aPeer('dd-trace', 'dd-trace', 'traceparent'),
  aPeer('sentry', 'Sentry', 'sentry-trace'),
];

/** The variants that serve requests, each compared with the baseline. */
export const SERVERS = [
  AGAIN,
  variant('floor', 'floor: two headers copied by hand', { manner: 'floor', expect: 'same trace' }),
  variant('agent, relay', 'the agent, relay', {
    preload: AGENT_IMPORT,
    expect: 'same trace',
    beside: 'floor',
  }),
  variant('bare again, no trace', 'bare Node again, no trace', { inbound: 'none' }),
  variant('agent, no trace', 'the agent, no trace ever', {
    preload: AGENT_IMPORT,
    inbound: 'none',
    expectOfTrace: 'same trace',
    beside: 'bare again, no trace',
  }),
  variant('floor, no trace now', 'floor, no trace, but before', {
    manner: 'floor',
    inbound: 'none',
    expectOfTrace: 'same trace',
    isTracedBefore: true,
  }),
  variant('agent, no trace now', 'the agent, no trace, but before', {
    preload: AGENT_IMPORT,
    inbound: 'none',
    expectOfTrace: 'same trace',
    isTracedBefore: true,
    beside: 'floor, no trace now',
  }),
  variant('sdk', 'LangSmith SDK by hand, tracing off', { manner: 'sdk', expect: 'same trace' }),
  variant('runs', 'LangSmith SDK, runs and no headers', { manner: 'runs', tracing: true }),
  variant('agent, runs', 'the agent, with runs', {
    preload: AGENT_IMPORT,
    manner: 'runs',
    tracing: true,
    expect: 'child of the trace',
    beside: 'runs',
  }),
  variant('sdk, runs', 'LangSmith SDK by hand, with runs', {
    manner: 'sdkRuns',
    tracing: true,
    expect: 'child of the trace',
  }),
  ...PEERS,
];

/** The variants whose start-up is measured. */
export const STARTS = [
  AGAIN,
  variant('empty import', 'an empty file, by --import', {
    preload: ['--import', pathToFileURL(join(root, 'bench', 'preloads', 'empty.mjs')).href],
  }),
  variant('agent, require', 'the agent, by --require', { preload: AGENT_REQUIRE, expect: 'same trace' }),
  variant('agent, import', 'the agent, by --import', { preload: AGENT_IMPORT, expect: 'same trace' }),
  variant('langsmith', 'LangSmith SDK imported', {
    preload: ['--require', join(root, 'bench', 'preloads', 'langsmith.cjs')],
  }),
  // The results of peers are far from every budget, so they take part in every third round only.
  ...PEERS.map((one) => ({ ...one, every: 3 })),
];

export function named(variants, ...names) {
  return names.map((name) => {
    const found = variants.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no variant ${name}`);
    return found;
  });
}

/**
 * Returns the environment of a variant. It contains no variable of the shell that would configure it, and all exports
 * go to `sink`.
 */
export function environment(
  { group, manner, tracing },
  { upstream = '', secureUpstream = '', sink = '' } = {},
) {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, MANNER: manner, UPSTREAM: upstream, UPSTREAM_TLS: secureUpstream };
  if (group !== undefined) env.PEER = peer(group);
  if (tracing) {
    env.LANGSMITH_TRACING = 'true';
    env.LANGSMITH_ENDPOINT = `${sink}/langsmith`;
    env.LANGSMITH_API_KEY = 'none';
  }
  return { ...env, ...settingsOf(group, sink) };
}

function settingsOf(group, sink) {
  switch (group) {
    case 'otel-auto':
      return {
        OTEL_TRACES_EXPORTER: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: sink,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_LOGS_EXPORTER: 'none',
        // The detectors of cloud providers would send requests beyond this machine.
        OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os,process',
      };
    case 'dd-trace':
      return {
        DD_TRACE_AGENT_URL: sink,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
        DD_REMOTE_CONFIGURATION_ENABLED: 'false',
        DD_TRACE_STARTUP_LOGS: 'false',
      };
    case 'sentry':
      return { SENTRY_TO: sink.replace('http://', 'http://key@').concat('/1') };
    default:
      return {};
  }
}
