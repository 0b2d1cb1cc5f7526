/** Tries each copy of an SDK: a run that it makes in a handler must become a child of the caller's run. */
import { startCollector } from '../../collector/index.ts';
import type { Collector } from '../../collector/types.ts';
import { isNewer } from '../../semantic-version.ts';
import { newCaller } from '../caller.ts';
import { probeEnv, runProbe } from '../child.ts';
import { SDK_NAMES, type SDKName } from '../names.ts';
import { findCopies, type Package } from '../project.ts';
import type { Finding } from '../report.ts';
import { findingOf, hasFailed, type Verdicts, verdictsOf } from './forms.ts';
import type { Trial } from './libraries.ts';

/** From this version on the SDK keeps its storage where the agent finds it. */
const FIRST_LINKED = '0.1.39';

export function sdkChecks(trial: Trial): (() => Promise<Finding[]>)[] {
  return SDK_NAMES.flatMap((name) => {
    const copies = findCopies(trial.project, name);
    const tries = copies.map((copy) => async () => [await tryCopy(trial, name, copy)]);
    if (copies.length < 2) return tries;
    const versions = copies.map(({ version, directory }) => `${version} in ${relativeTo(trial, directory)}`);
    const summary = `${copies.length} copies: ${versions.join('; ')}`;
    const several: Finding = { outcome: 'note', check: name, summary, remedy: `npm ls ${name}` };
    return [async () => [several], ...tries];
  });
}

function relativeTo({ project }: Trial, directory: string): string {
  const prefix = `${project.directory}/`;
  return directory.startsWith(prefix) ? directory.slice(prefix.length) : directory;
}

async function tryCopy(trial: Trial, name: SDKName, copy: Package): Promise<Finding> {
  const { version } = copy;
  if (name === 'langsmith' && isNewer(FIRST_LINKED, version)) {
    const summary = `${version}: its runs are not linked; requests carry the caller’s trace only`;
    return {
      outcome: 'problem',
      check: name,
      summary,
      remedy: `Install langsmith ${FIRST_LINKED} or newer.`,
    };
  }
  const once = async (nodeOptions: readonly string[]): Promise<Verdicts> => {
    const collector = await startCollector();
    const callers = { require: newCaller(), import: newCaller() };
    try {
      const env = probeEnv(trial.project.env, { ...trial.env, ...settings(collector.urlFor('doctor')) });
      const task = { kind: 'sdk', name, callers };
      const probe = await runProbe({ cwd: copy.base, env, nodeOptions, task, timeout: trial.timeout });
      return verdictsOf(probe, (form) => difference(collector, callers[form].runId));
    } finally {
      await collector.close();
    }
  };
  const verdicts = await once(trial.nodeOptions);
  const alone = hasFailed(verdicts) ? await once([]) : undefined;
  return findingOf(copy, verdicts, alone, 'its runs are linked to the caller');
}

function difference(collector: Collector, parent: string): string | undefined {
  const runs = collector.runs();
  const linked = runs.find(({ parentRunId }) => parentRunId === parent);
  if (linked !== undefined) return linked.traceId === parent ? undefined : 'its run is in another trace';
  const hasRoots = runs.some(({ parentRunId }) => parentRunId === undefined);
  return hasRoots ? 'its runs are not linked to the caller' : 'no run of it has arrived';
}

/** The run is sent to the local LangSmith of the doctor, whatever the project's settings are. */
function settings(endpoint: string): NodeJS.ProcessEnv {
  return {
    LANGSMITH_TRACING: 'true',
    LANGCHAIN_TRACING_V2: 'true',
    LANGSMITH_ENDPOINT: endpoint,
    LANGCHAIN_ENDPOINT: endpoint,
    LANGSMITH_API_KEY: 'any',
    LANGCHAIN_API_KEY: 'any',
    LANGSMITH_PROJECT: 'doctor',
  };
}
