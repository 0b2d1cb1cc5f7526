import type { LogLevel } from './api.ts';
import { builtin } from './builtins.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

let threshold = LOG_LEVELS.indexOf('warn');
const said = new Set<string>();

export function setLogLevel(level: LogLevel): void {
  threshold = LOG_LEVELS.indexOf(level);
}

/**
 * Writes one line to stderr. `fs.writeSync` and not `process.stderr`: it works while the process exits, and it
 * does not open the stream for an application that never does.
 */
export function log(level: Exclude<LogLevel, 'silent'>, message: string): void {
  if (LOG_LEVELS.indexOf(level) > threshold) return;
  try {
    const line = message.replace(/\s*[\r\n]+\s*/g, ' ');
    builtin<typeof import('node:fs')>('fs').writeSync(2, `[trace-agent] ${level}: ${line}\n`);
  } catch {
    // stderr is closed or full: there is nobody to tell.
  }
}

/** `log`, once per process for each `key`: for what could come with every request. */
export function logOnce(key: string, level: Exclude<LogLevel, 'silent'>, message: string): void {
  if (said.has(key)) return;
  said.add(key);
  log(level, message);
}

/**
 * Something in the agent failed. The request, or what else it was about, goes on as if the agent were not there;
 * the first failure at each place is said at `error`, the others at `debug`.
 */
export function logFailure(place: string, error: unknown, goesOn = 'the request'): void {
  const reason = describe(error);
  if (said.has(place)) {
    log('debug', `${place} failed again: ${reason}`);
    return;
  }
  said.add(place);
  log('error', `${place} failed, ${goesOn} goes on without the agent: ${reason}`);
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error.message) : String(error);
  } catch {
    // An application's own `Error.prepareStackTrace` or `toString` that throws.
    return 'an error that cannot be shown';
  }
}
