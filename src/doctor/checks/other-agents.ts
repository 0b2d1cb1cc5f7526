/** Other agents that are installed: each is started together with this one, and what Node.js has is tried again. */
import { probeEnv, runProbe } from '../child.ts';
import { startTexts } from '../command-line.ts';
import { findPackage, type Package } from '../project.ts';
import type { Finding } from '../report.ts';
import { type Trial, tryBuiltins } from './libraries.ts';

/** Packages of other agents, and the module that starts each of them. `undefined`: it is started by code. */
const AGENTS: Readonly<Record<string, string | undefined>> = {
  'dd-trace': 'dd-trace/init',
  '@opentelemetry/auto-instrumentations-node': '@opentelemetry/auto-instrumentations-node/register',
  '@opentelemetry/sdk-node': undefined,
  '@sentry/node': '@sentry/node/preload',
  newrelic: 'newrelic',
  'elastic-apm-node': 'elastic-apm-node/start',
  '@splunk/otel': '@splunk/otel/instrument',
  '@appsignal/nodejs': undefined,
  applicationinsights: undefined,
};

/** Nothing leaves this machine: exporters are off, or point to the doctor’s own server. */
const settings = (url: string): NodeJS.ProcessEnv => ({
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
  DD_TRACE_AGENT_URL: url,
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_TRACE_STARTUP_LOGS: 'false',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_APP_NAME: 'doctor',
  NEW_RELIC_LICENSE_KEY: '',
  NEW_RELIC_HOST: '127.0.0.1',
  NEW_RELIC_LOG_ENABLED: 'false',
  ELASTIC_APM_SERVER_URL: url,
  ELASTIC_APM_CENTRAL_CONFIG: 'false',
  ELASTIC_APM_CLOUD_PROVIDER: 'none',
  ELASTIC_APM_LOG_LEVEL: 'off',
});

export function otherAgentChecks(trial: Trial): (() => Promise<Finding[]>)[] {
  const texts = startTexts(trial.project).map(({ text }) => text);
  return Object.entries(AGENTS).flatMap(([name, entry]) => {
    const found = findPackage(trial.project, name);
    if (found === undefined) return [];
    const isPreloaded = texts.some((text) => text.includes(name));
    return [async () => [await tryTogether(trial, found, entry, isPreloaded)]];
  });
}

async function tryTogether(
  trial: Trial,
  { name, version }: Package,
  entry: string | undefined,
  isPreloaded: boolean,
): Promise<Finding> {
  const what = `${name} ${version} is ${isPreloaded ? 'preloaded' : 'installed'}`;
  const check = 'other agent';
  if (entry === undefined) {
    return {
      outcome: 'skipped',
      check,
      summary: `${what}; not tried, since the application starts it itself`,
    };
  }
  const together: Trial = {
    ...trial,
    nodeOptions: ['--require', entry, ...trial.nodeOptions],
    env: { ...trial.env, ...settings(trial.targets.url) },
  };
  const findings = await tryBuiltins(together, check);
  // An agent that does not start by itself says nothing about both together.
  if (findings.some(({ outcome }) => outcome !== 'ok') && !(await startsAlone(together, entry))) {
    return {
      outcome: 'skipped',
      check,
      summary: `${what}; not tried: ${entry} does not start here by itself`,
    };
  }
  const worst =
    findings.find(({ outcome }) => outcome === 'problem') ??
    findings.find(({ outcome }) => outcome === 'skipped');
  if (worst === undefined) {
    return { outcome: 'note', check, summary: `${what}: both were started together, and the trace arrives` };
  }
  return { outcome: worst.outcome, check, summary: `${what}: started together, ${worst.summary}` };
}

async function startsAlone({ project, env, timeout }: Trial, entry: string): Promise<boolean> {
  const probe = await runProbe({
    cwd: project.directory,
    env: probeEnv(project.env, env),
    nodeOptions: ['--require', entry],
    task: { kind: 'status' },
    timeout,
  });
  return probe.answer?.['isDone'] === true;
}
