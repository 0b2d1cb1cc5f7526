/** Starts the application's own command once, and reports what the agent in it says. */
import { spawn } from 'node:child_process';
import type { Project } from '../project.ts';
import type { Finding } from '../report.ts';

const CHECK = 'start';
/** How long it may take to end after SIGTERM. */
const END_MS = 2_000;
const LINE = /^\[trace-agent\] (\w+): (.*)$/;

export interface WatchedLines {
  readonly started: readonly string[];
  readonly notStarted: readonly string[];
  /** Warnings and errors. */
  readonly complaints: readonly string[];
  /** Decisions on requests, each with the number of requests. */
  readonly decisions: ReadonlyMap<string, number>;
}

/** @param timeout how long the application is watched, in milliseconds */
export async function watchStart(
  command: readonly string[],
  project: Project,
  timeout: number,
): Promise<Finding[]> {
  const [file = '', ...args] = command;
  // The value of an option may be a password.
  const shown = command.map((word) => word.replace(/=.*/s, '=…')).join(' ');
  const env = { ...project.env, TRACE_AGENT_LOG: 'debug' };
  const { stderr, error, code } = await watch(file, args, project.directory, env, timeout);
  if (error !== undefined) {
    return [{ outcome: 'skipped', check: CHECK, summary: `${shown} could not be started: ${error}` }];
  }
  return findingsOf(shown, parse(stderr), code, timeout);
}

function findingsOf(shown: string, lines: WatchedLines, code: number | null, timeout: number): Finding[] {
  const findings: Finding[] = [];
  const add = (outcome: Finding['outcome'], summary: string, remedy?: string) => {
    findings.push({ outcome, check: CHECK, summary, remedy });
  };
  if (lines.started.length > 0) add('ok', `${shown}: ${[...new Set(lines.started)].join('; ')}`);
  else if (lines.notStarted.length > 0) add('problem', `${shown}: ${lines.notStarted[0]}`);
  else {
    const remedy = '  NODE_OPTIONS="--import @org/trace-agent/register"';
    add('problem', `${shown} does not load the agent`, remedy);
  }
  for (const complaint of new Set(lines.complaints)) add('note', complaint);
  if (code !== null && code !== 0) add('note', `${shown} ended with exit code ${code}`);
  for (const [decision, count] of lines.decisions) {
    const isLinked = /^(outgoing sent|incoming continued)/.test(decision);
    const outcome = isLinked ? 'ok' : 'note';
    findings.push({ outcome, check: 'requests', summary: `${count} x ${decision}` });
  }
  if (lines.started.length > 0 && lines.decisions.size === 0) {
    const summary = `no request was sent or received in ${timeout / 1000} seconds`;
    findings.push({ outcome: 'skipped', check: 'requests', summary });
  }
  return findings;
}

/** Sorts the lines of the agent. Others are ignored: they are the application's, and may hold secrets. */
export function parse(stderr: string): WatchedLines {
  const started: string[] = [];
  const notStarted: string[] = [];
  const complaints: string[] = [];
  const decisions = new Map<string, number>();
  for (const line of stderr.split('\n')) {
    const [, level, text = ''] = LINE.exec(line) ?? [];
    const decision = /^(outgoing|incoming) .*?: ((?:not )?(?:sent|continued).*?)(?: \(.*)?$/.exec(text);
    if (decision !== null) {
      const key = `${decision[1]} ${decision[2]}`;
      decisions.set(key, (decisions.get(key) ?? 0) + 1);
    } else if (level === 'warn' || level === 'error') complaints.push(text);
    else if (/^version \S+ started on/.test(text)) started.push(text);
    // Package managers are left alone. The agent starts in what they run.
    else if (text.startsWith('not started: ') && !text.includes('package manager')) notStarted.push(text);
  }
  return { started, notStarted, complaints, decisions };
}

interface Watched {
  readonly stderr: string;
  readonly code: number | null;
  readonly error: string | undefined;
}

function watch(
  file: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  timeout: number,
): Promise<Watched> {
  return new Promise((resolve) => {
    // A group of its own, so that all that the command starts can be ended.
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let stderr = '';
    let error: string | undefined;
    const signal = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // It has ended.
      }
    };
    let killer: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      signal('SIGTERM');
      killer = setTimeout(() => signal('SIGKILL'), END_MS);
    }, timeout);
    const interrupted = () => signal('SIGKILL');
    process.once('exit', interrupted);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (reason) => {
      error = reason.message;
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      clearTimeout(killer);
      process.off('exit', interrupted);
      resolve({ stderr, code, error });
    });
  });
}
