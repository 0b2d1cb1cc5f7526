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
  const shown = shownCommand(command);
  const env = { ...project.env, TRACE_AGENT_LOG: 'debug' };
  const { stderr, error, code, signal } = await watch(file, args, project.directory, env, timeout);
  if (error !== undefined) {
    return [{ outcome: 'skipped', check: CHECK, summary: `${shown} could not be started: ${error}` }];
  }
  const ending =
    code === null ? signal && `was ended by ${signal}` : code !== 0 && `ended with exit code ${code}`;
  return findingsOf(shown, parse(stderr), ending || undefined);
}

/** The command without what may be a password: values of options, URLs, and arguments of the application. */
function shownCommand(command: readonly string[]): string {
  const file = command.findIndex((word, i) => i > 0 && isFile(word) && !isPreload(command[i - 1]));
  const own = file === -1 ? command : command.slice(0, file + 1);
  const words = own.map((word, i) => {
    const isValue =
      i > 1 && command[i - 1]?.startsWith('-') && !isPreload(command[i - 1]) && !word.startsWith('-');
    return (isValue && i !== file) || word.includes('://') ? '…' : word.replace(/=.*/s, '=…');
  });
  return [...words, ...(own.length < command.length ? ['…'] : [])].join(' ');
}

const isFile = (word: string) => /^[\w@./\\-]+\.[cm]?[jt]sx?$/.test(word);
const isPreload = (option: string | undefined) => /^(--import|--require|-r)$/.test(option ?? '');

/** @param ending how the application ended, if it failed */
function findingsOf(shown: string, lines: WatchedLines, ending: string | undefined): Finding[] {
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
  if (ending !== undefined) add('note', `${shown} ${ending}`);
  for (const [decision, count] of lines.decisions) {
    const isLinked = /^(outgoing sent|incoming continued)/.test(decision);
    const outcome = isLinked ? 'ok' : 'note';
    findings.push({ outcome, check: 'requests', summary: `${count} x ${decision}` });
  }
  if (lines.started.length > 0 && lines.decisions.size === 0) {
    const summary = 'no request was sent or received while it was watched';
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
  /** The signal that ended the application, if the doctor did not. */
  readonly signal: NodeJS.Signals | null;
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
    const send = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // It has ended.
      }
    };
    let killer: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      send('SIGTERM');
      killer = setTimeout(() => {
        send('SIGKILL');
        // A process that has left the group may hold stderr open.
        child.stderr.destroy();
      }, END_MS);
    }, timeout);
    const interrupted = () => send('SIGKILL');
    process.once('exit', interrupted);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (reason) => {
      error = reason.message;
    });
    child.once('close', (code, by) => {
      clearTimeout(timer);
      clearTimeout(killer);
      process.off('exit', interrupted);
      resolve({ stderr, code, signal: killer === undefined ? by : null, error });
    });
  });
}
