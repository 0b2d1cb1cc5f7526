/** `LANGSMITH_*` and `LANGCHAIN_*` values that do not mean what they seem to mean. No value of a key is shown. */
import { nearest } from '../nearest.ts';
import { findCopies, type Project } from '../project.ts';
import { type Finding, type Outcome, shownValue } from '../report.ts';

const CHECK = 'tracing';
const SWITCHES = ['TRACING', 'TRACING_V2'];
/** Settings that have a `LANGCHAIN_` twin. The `LANGSMITH_` variable wins, in langsmith from 0.1.64 on. */
const TWINS = [...SWITCHES, 'API_KEY', 'ENDPOINT', 'PROJECT', 'TRACING_SAMPLING_RATE'];
/** Names that the SDKs read (langsmith 0.1 to 0.12, @langchain/core 0.2 to 1.4). Others may be the application's own. */
const KNOWN = [
  ...TWINS,
  'TRACING_BACKGROUND',
  'TRACING_MODE',
  'HIDE_INPUTS',
  'HIDE_OUTPUTS',
  'HIDE_METADATA',
  'RUNS_ENDPOINTS',
  'WORKSPACE_ID',
  'SESSION',
  'OTEL_ENABLED',
  'CALLBACKS_BACKGROUND',
  'TEST_TRACKING',
  'CONFIG_FILE',
  'PROFILE',
  'REVISION_ID',
  'AGENT_ID',
  'VERBOSE',
];

/** @param env the variables in force, of the process and of files that are read */
export function checkLangSmithSettings(project: Project, env: NodeJS.ProcessEnv): Finding[] {
  const findings = [
    ...switches(env),
    ...contradictions(env),
    ...endpoint(env),
    ...samplingRate(env),
    ...unknownNames(env),
  ];
  if (isTracingOn(env)) findings.push(...keyOf(env));
  else if (findings.every(({ outcome }) => outcome !== 'problem')) findings.push(off(project));
  return findings;
}

/** One of the switches that is `true` is enough for the SDK. */
function isTracingOn(env: NodeJS.ProcessEnv): boolean {
  return SWITCHES.some((name) => variable(env, name) === 'true');
}

function switches(env: NodeJS.ProcessEnv): Finding[] {
  return SWITCHES.flatMap((name) => [`LANGSMITH_${name}`, `LANGCHAIN_${name}`]).flatMap((name) => {
    const value = env[name];
    if (value === undefined || value === '' || value === 'true' || value === 'false') return [];
    const effect = isTracingOn(env) ? 'this one counts as false' : 'no run is published';
    const summary = `${name} is ${shownValue(value)}: the SDK wants exactly true, so ${effect}`;
    return /^\W*(true|1|yes|on|t|y)\W*$/i.test(value)
      ? [finding('problem', summary, `  export ${name}=true`)]
      : [finding('note', `${name} is ${shownValue(value)}, which means false`)];
  });
}

function contradictions(env: NodeJS.ProcessEnv): Finding[] {
  const off = SWITCHES.flatMap((name) => [`LANGSMITH_${name}`, `LANGCHAIN_${name}`]).filter(
    (name) => env[name] === 'false',
  );
  if (isTracingOn(env) && off.length > 0) {
    const summary = `${off.join(', ')} is false, and another variable switches tracing on: it is on`;
    return [finding('note', summary, `  unset ${off.join(' ')}`), ...differences(env)];
  }
  return differences(env);
}

function differences(env: NodeJS.ProcessEnv): Finding[] {
  return TWINS.flatMap((name) => {
    const [one, other] = [env[`LANGSMITH_${name}`], env[`LANGCHAIN_${name}`]];
    if (!one || !other || one === other) return [];
    const summary = `LANGSMITH_${name} and LANGCHAIN_${name} differ; the first is used`;
    return [finding('note', summary, `  unset LANGCHAIN_${name}`)];
  });
}

function endpoint(env: NodeJS.ProcessEnv): Finding[] {
  const value = variable(env, 'ENDPOINT');
  if (value === undefined) return [];
  const bare = value.trim().replace(/^(["'])(.*)\1$/, '$2');
  const name = env['LANGSMITH_ENDPOINT'] ? 'LANGSMITH_ENDPOINT' : 'LANGCHAIN_ENDPOINT';
  let url: URL;
  try {
    url = new URL(bare);
    if (!/^https?:$/.test(url.protocol)) throw new Error('another scheme');
  } catch {
    return [
      finding(
        'problem',
        `${name} is not a URL, so no run is published`,
        `  export ${name}=https://api.smith.langchain.com`,
      ),
    ];
  }
  if (/^([a-z]+\.)?smith\.langchain\.com$/.test(url.hostname) && !url.hostname.includes('api.')) {
    const summary = `${name} is the address of the web page, not of the API`;
    return [
      finding('problem', summary, `  export ${name}=https://${url.hostname.replace('smith.', 'api.smith.')}`),
    ];
  }
  if (isNoAddressOfAPI(url.hostname)) {
    const summary = `${name} is no known address of LangSmith’s API`;
    return [finding('problem', summary, `  export ${name}=https://api.smith.langchain.com`)];
  }
  return [];
}

/** The region stands first: `eu.api.smith.langchain.com`. */
function isNoAddressOfAPI(host: string): boolean {
  return (
    /\.langchain\.com$/.test(host) &&
    /smith/.test(host) &&
    !/^([\w-]+\.)?api\.smith\.langchain\.com$/.test(host)
  );
}

function samplingRate(env: NodeJS.ProcessEnv): Finding[] {
  const value = variable(env, 'TRACING_SAMPLING_RATE');
  if (value === undefined) return [];
  // As the SDK does.
  const rate = Number.parseFloat(value);
  const name = 'LANGSMITH_TRACING_SAMPLING_RATE';
  if (Number.isNaN(rate)) {
    const summary = `${name} is ${shownValue(value)}, which is no number, so no run is published`;
    return [finding('problem', summary)];
  }
  if (!(rate >= 0 && rate <= 1)) {
    return [
      finding('problem', `${name} is ${shownValue(value)}: the SDK wants a number from 0 to 1, and throws`),
    ];
  }
  return rate === 0 ? [finding('note', `${name} is 0: this service publishes no run`)] : [];
}

function unknownNames(env: NodeJS.ProcessEnv): Finding[] {
  return Object.keys(env).flatMap((name) => {
    const match = /^(LANGSMITH|LANGCHAIN)_(\w+)$/i.exec(name);
    if (match?.[2] === undefined || KNOWN.includes(match[2])) return [];
    const near = nearest(match[2].toUpperCase(), KNOWN);
    if (near === undefined) return [];
    const isOfInterest = TWINS.includes(near);
    const summary = `${name} is not a name that the SDK reads; did you mean LANGSMITH_${near}?`;
    return [finding(isOfInterest ? 'problem' : 'note', summary)];
  });
}

function keyOf(env: NodeJS.ProcessEnv): Finding[] {
  const key = variable(env, 'API_KEY');
  if (key === undefined) {
    const summary = 'tracing is on, and LANGSMITH_API_KEY is missing, so LangSmith refuses the runs';
    return [finding('problem', summary, '  export LANGSMITH_API_KEY=<the key of your workspace>')];
  }
  const project = variable(env, 'PROJECT');
  // A key may have been pasted into the wrong variable.
  const isKey = project !== undefined && /^(lsv2_|ls__|sk-)/.test(project.trim());
  const name = isKey ? `a text of ${project.length} characters` : JSON.stringify(project ?? 'default');
  const where = `the project ${name}`;
  const shown = `LANGSMITH_API_KEY: set, ${key.length} characters`;
  if (/\s/.test(key.trim())) return [finding('problem', `${shown}, with white space in it`)];
  return [finding('ok', `tracing is on, for ${where}; ${shown}`)];
}

function off(project: Project): Finding {
  const isInstalled =
    findCopies(project, 'langsmith').length + findCopies(project, '@langchain/core').length > 0;
  return isInstalled
    ? finding(
        'note',
        'tracing is off: this service publishes no run, and passes the caller’s trace on',
        '  export LANGSMITH_TRACING=true',
      )
    : finding('ok', 'no SDK is installed: this service passes the caller’s trace on');
}

/** An empty variable counts as absent. */
function variable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[`LANGSMITH_${name}`] || env[`LANGCHAIN_${name}`] || undefined;
}

function finding(outcome: Outcome, summary: string, remedy?: string): Finding {
  return { outcome, check: CHECK, summary, remedy };
}
