import type { LogLevel } from './api.ts';
import { builtin } from './builtins.ts';

export const LOG_LEVELS: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug'];

let threshold = LOG_LEVELS.indexOf('warn');
const said = new Set<string>();

export function setLogLevel(level: LogLevel): void {
  threshold = LOG_LEVELS.indexOf(level);
}

/**
 * Writes one line to stderr. It uses `fs.writeSync` instead of `process.stderr`, because `fs.writeSync` works while the
 * process exits and does not open the stream for an application that never uses it.
 */
export function log(level: Exclude<LogLevel, 'silent'>, message: string): void {
  if (LOG_LEVELS.indexOf(level) > threshold) return;
  try {
    const line = message.replace(/\s*[\r\n]+\s*/g, ' ');
    builtin<typeof import('node:fs')>('fs').writeSync(2, `[trace-agent] ${level}: ${line}\n`);
  } catch {
    // stderr is closed or full, so the message is lost.
  }
}

/** Logs once per process for each `key`. It is meant for messages that could repeat with every request. */
export function logOnce(key: string, level: Exclude<LogLevel, 'silent'>, message: string): void {
  if (said.has(key)) return;
  said.add(key);
  log(level, message);
}

/**
 * Logs a failure inside the agent. The request, or the subject named by `goesOn`, continues as if the agent were not
 * there. The first failure at each place is logged at `error`, later ones at `debug`.
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
    // The application's own `Error.prepareStackTrace` or `toString` throws.
    return 'an error that cannot be shown';
  }
}
