/** Runs all checks on a project. Nothing is written, and only `--connect` reaches beyond this machine. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { VERSION } from '../version.ts';
import { checkAgentSettings, checkEnvFile } from './checks/agent-settings.ts';
import { checkBundlers } from './checks/bundlers.ts';
import { checkConnection } from './checks/connection.ts';
import { checkLangSmithSettings } from './checks/langsmith-settings.ts';
import { clientChecks, serverChecks, type Trial, tryBuiltins } from './checks/libraries.ts';
import { checkNode } from './checks/node-version.ts';
import { otherAgentChecks } from './checks/other-agents.ts';
import { checkPermissions } from './checks/permissions.ts';
import { checkPolicy } from './checks/policy.ts';
import { checkPreload } from './checks/preload.ts';
import { sdkChecks } from './checks/sdks.ts';
import { watchStart } from './checks/watched-start.ts';
import { inParallel, ownRegister, preloadOptions } from './child.ts';
import { readEnvFile } from './env-files.ts';
import { readProject } from './project.ts';
import type { Finding, Report } from './report.ts';
import { startTargets } from './targets.ts';

export interface DoctorOptions {
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly urls: readonly URL[];
  readonly isConnecting: boolean;
  /** How long each try may take, in milliseconds. */
  readonly timeout: number;
  /** The command of the application, to watch one real start. */
  readonly command: readonly string[];
}

/** @throws {NoProject} */
export async function examine(options: DoctorOptions): Promise<Report> {
  const { directory, env, urls, isConnecting, command, timeout } = options;
  const project = readProject(directory, env, command);
  const file = readEnvFile(project);
  // The application and its SDK see these variables. The agent sees those of the file only if Node.js reads it.
  const seen = file === undefined || file.reader === 'nobody' ? env : { ...file.variables, ...env };
  const seenByAgent = file?.reader === 'node' ? seen : env;
  const preload = checkPreload(project);
  const findings: Finding[] = [
    ...checkNode(project),
    ...preload.findings,
    ...checkAgentSettings(seenByAgent),
    ...checkEnvFile(file, env),
    ...checkLangSmithSettings(project, seen),
    ...checkPolicy(urls, seenByAgent),
    ...checkBundlers(project),
  ];
  if (command.length > 0) findings.push(...(await watchStart(command, project, timeout)));
  else findings.push(...(await tryAll(project, preload.file ?? ownRegister(), timeout)));
  findings.push(...(await checkConnection(isConnecting, seen)));
  return { version: VERSION, node: process.versions.node, directory, findings };
}

/** Says why no library is tried. */
function nothingTried({ directory }: Trial['project']): Finding {
  const summary = existsSync(join(directory, '.pnp.cjs'))
    ? 'not tried: those of Yarn Plug’n’Play are not found'
    : 'none is installed that is known to the doctor';
  return { outcome: 'skipped', check: 'libraries', summary };
}

/** Starts a child process for each thing to try, as many at once as there are processors. */
async function tryAll(project: Trial['project'], file: string, timeout: number): Promise<Finding[]> {
  const targets = await startTargets();
  try {
    const trial: Trial = { project, targets, timeout, nodeOptions: preloadOptions(file) };
    const started = await tryBuiltins(trial, 'starts');
    // Nothing else can work if the agent does not start.
    if (started.some(({ check, outcome }) => check === 'starts' && outcome !== 'ok')) return started;
    const one = (check: () => Promise<Finding>) => async () => [await check()];
    const tries = [
      ...sdkChecks(trial),
      ...clientChecks(trial).map(one),
      ...serverChecks(trial).map(one),
      ...otherAgentChecks(trial),
      () => checkPermissions(trial, file),
    ];
    if (tries.length === 1) started.push(nothingTried(project));
    const found = await inParallel(Math.max(2, availableParallelism()), tries);
    return [...started, ...found.flat()];
  } finally {
    targets.close();
  }
}
