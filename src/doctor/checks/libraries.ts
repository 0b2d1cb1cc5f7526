/** Tries each client and server framework that is installed, each in a child process of its own. */
import { newCaller, newCallId } from '../caller.ts';
import { probeEnv, runProbe } from '../child.ts';
import { CLIENT_NAMES, type ClientName, SERVER_NAMES, type ServerName } from '../names.ts';
import type { FormResult, Task } from '../probe/task.ts';
import { findPackage, type Package, type Project } from '../project.ts';
import type { Finding } from '../report.ts';
import type { TargetServers } from '../targets.ts';
import { findingOf, hasFailed, type Verdicts, verdictsOf, whyNot } from './forms.ts';

export interface Trial {
  readonly project: Project;
  readonly targets: TargetServers;
  /** The options of Node.js that preload the agent. */
  readonly nodeOptions: readonly string[];
  /** How long each child process may take, in milliseconds. */
  readonly timeout: number;
  /** Further variables for the child. */
  readonly env?: NodeJS.ProcessEnv;
}

export function clientChecks(trial: Trial): (() => Promise<Finding>)[] {
  return installed(trial.project, CLIENT_NAMES).map(
    ([name, found]) =>
      () =>
        tryClient(trial, name, found),
  );
}

export function serverChecks(trial: Trial): (() => Promise<Finding>)[] {
  return installed(trial.project, SERVER_NAMES).map(
    ([name, found]) =>
      () =>
        tryServer(trial, name, found),
  );
}

function installed<Name extends string>(project: Project, names: readonly Name[]): [Name, Package][] {
  return names.flatMap((name) => {
    const found = findPackage(project, name);
    return found === undefined ? [] : [[name, found] as [Name, Package]];
  });
}

async function tryClient(trial: Trial, name: ClientName, found: Package): Promise<Finding> {
  const { targets } = trial;
  const once = async (nodeOptions: readonly string[]): Promise<Verdicts> => {
    const caller = newCaller();
    const ids = { require: newCallId(), import: newCallId() };
    const task: Task = { kind: 'client', name, targets: addressesOf(targets), ids, ...caller };
    const probe = await runTask(trial, task, nodeOptions);
    return verdictsOf(probe, (form) => targets.difference(ids[form], caller));
  };
  const verdicts = await once(trial.nodeOptions);
  const alone = hasFailed(verdicts) ? await once([]) : undefined;
  return findingOf(found, verdicts, alone, 'its requests carry the trace');
}

async function tryServer(trial: Trial, name: ServerName, found: Package): Promise<Finding> {
  const once = async (nodeOptions: readonly string[]): Promise<Verdicts> => {
    const probe = await runTask(trial, { kind: 'server', name, ...newCaller() }, nodeOptions);
    return verdictsOf(probe, (_form, { isLinked }) =>
      isLinked ? undefined : 'its handlers do not continue the trace of the caller',
    );
  };
  const verdicts = await once(trial.nodeOptions);
  const alone = hasFailed(verdicts) ? await once([]) : undefined;
  return findingOf(found, verdicts, alone, 'its handlers continue the trace of the caller');
}

/** Tries what Node.js itself has, and reports whether the agent starts at all. */
export async function tryBuiltins(trial: Trial, check: string): Promise<Finding[]> {
  const { targets } = trial;
  const caller = newCaller();
  const ids = { http: newCallId(), fetch: newCallId(), http2: newCallId() };
  const task: Task = { kind: 'builtins', targets: addressesOf(targets), ids, ...caller };
  const probe = await runTask(trial, task, trial.nodeOptions);
  const { status, clients, servers } = (probe.answer ?? {}) as {
    status?: { running: boolean; version: string; reason?: string; instrumentation?: readonly string[] };
    clients?: Record<string, FormResult>;
    servers?: Record<string, FormResult>;
  };
  if (status === undefined) {
    const remedy = probe.isTimeout ? undefined : 'Node.js ends before the application starts.';
    return [
      {
        outcome: probe.isTimeout ? 'skipped' : 'problem',
        check,
        summary: `does not start: ${whyNot(probe)}`,
        remedy,
      },
    ];
  }
  if (!status.running) {
    const why = status.reason ?? (probe.stderr || 'it was not loaded');
    return [{ outcome: 'problem', check, summary: `the agent does not run: ${why}` }];
  }
  const summary = `version ${status.version}: ${status.instrumentation?.join(', ')}`;
  const started: Finding = { outcome: 'ok', check, summary };
  const wrong = [
    ...Object.entries(ids).map(([name, id]) => {
      const error = clients?.[name]?.callError ?? targets.difference(id, caller);
      return error === undefined ? undefined : `${name}: ${error}`;
    }),
    ...['http', 'http2'].map((name) =>
      servers?.[name]?.isLinked === true
        ? undefined
        : `${name} server: does not continue the trace of the caller`,
    ),
  ].filter((one) => one !== undefined);
  if (clients === undefined || servers === undefined) {
    return [started, { outcome: 'skipped', check: 'node', summary: `not tried: ${whyNot(probe)}` }];
  }
  return [
    started,
    wrong.length === 0
      ? {
          outcome: 'ok',
          check: 'built-in',
          summary: 'http, fetch and http2 carry the trace; http and http2 servers continue it',
        }
      : { outcome: 'problem', check: 'built-in', summary: wrong.join('; ') },
  ];
}

function runTask({ project, env, timeout }: Trial, task: Task, nodeOptions: readonly string[]) {
  return runProbe({ cwd: project.directory, env: probeEnv(project.env, env), nodeOptions, task, timeout });
}

function addressesOf({ url, http2 }: TargetServers) {
  return { url, http2 };
}
