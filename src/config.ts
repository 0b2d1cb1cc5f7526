import type { LogLevel, StartOptions } from './api.ts';
import { ALL_LIBRARIES, type Libraries, parseLibraries } from './libraries.ts';
import { LOG_LEVELS } from './log.ts';
import { parsePatterns, type Subject, unquote } from './policy/pattern-lists.ts';
import { type Keyword, keyword, type Patterns } from './policy/patterns.ts';

export interface Config {
  readonly enabled: boolean;
  readonly force: boolean;
  readonly propagateTo: Patterns;
  readonly shareMetadataWith: Patterns;
  readonly trust: Patterns;
  readonly libraries: Libraries;
  readonly traceInBaggage: boolean;
  readonly maxHeaderBytes: number;
  /** In milliseconds; 0 turns it off. */
  readonly flush: number;
  readonly log: LogLevel;
}

export interface ConfigResult {
  readonly config: Config;
  /** One sentence for each invalid value: the setting, the value, and the value that is used instead. */
  readonly warnings: readonly string[];
}

/** A value and the option or variable that it was read from. */
interface Setting {
  readonly name: string;
  /** `undefined` if the setting is absent; `null` if the option has a wrong type. */
  readonly value: string | null | undefined;
  /** The value before it was parsed, for messages. */
  readonly given: unknown;
}

const MAX_HEADER_BYTES = 8192;
/** The size of the headers of a trace with a single run and no baggage, in bytes. */
const LEAST_HEADER_BYTES = 77;
/** A larger number is taken for a typing error: no server in use accepts more. */
const MOST_HEADER_BYTES = 1_048_576;
/** 15 minutes, the longest time that AWS Lambda lets a function run. */
const MOST_MILLISECONDS = 900_000;

/**
 * Reads the configuration. Never throws: an invalid value becomes a warning and the default, and an invalid list of
 * patterns becomes `none`. Quotes around a value are removed. An empty variable counts as absent, because container
 * platforms pass unset variables that way.
 */
export function readConfig(env: NodeJS.ProcessEnv, options: StartOptions = {}): ConfigResult {
  const warnings: string[] = [];
  const setting = (name: string, option: keyof StartOptions, type: string): Setting => {
    const chosen: unknown = (options as StartOptions | null)?.[option];
    if (chosen !== undefined) {
      const value = typeof chosen === type || typeof chosen === 'string' ? unquote(String(chosen)) : null;
      return { name: `option ${option}`, value: value === '' ? null : value, given: chosen };
    }
    const given = env[name]?.trim();
    const value = given === undefined ? undefined : unquote(given);
    return { name, value: value === '' ? undefined : value, given };
  };
  const patterns = (from: Setting, fallback: Keyword, of: Subject): Patterns => {
    if (from.value === undefined) return keyword(fallback);
    if (from.value === null) {
      warnings.push(`${shown(from)}: not a list of patterns; none is used`);
      return keyword('none');
    }
    const { patterns: parsed, warning } = parsePatterns(from.value, fallback, of);
    if (warning !== undefined) warnings.push(`${shown(from)}: ${warning}`);
    return parsed;
  };
  const config = Object.freeze({
    enabled: readBoolean(setting('TRACE_AGENT_ENABLED', 'enabled', 'boolean'), true, warnings),
    force: readBoolean(setting('TRACE_AGENT_FORCE', 'force', 'boolean'), false, warnings),
    propagateTo: patterns(setting('TRACE_AGENT_PROPAGATE_TO', 'propagateTo', 'string'), '*', 'destinations'),
    shareMetadataWith: patterns(
      setting('TRACE_AGENT_SHARE_METADATA_WITH', 'shareMetadataWith', 'string'),
      'internal',
      'destinations',
    ),
    trust: patterns(setting('TRACE_AGENT_TRUST', 'trust', 'string'), 'internal', 'peers'),
    libraries: readLibraries(setting('TRACE_AGENT_LIBRARIES', 'libraries', 'string'), warnings),
    traceInBaggage: readBoolean(
      setting('TRACE_AGENT_TRACE_IN_BAGGAGE', 'traceInBaggage', 'boolean'),
      true,
      warnings,
    ),
    maxHeaderBytes: readBytes(setting('TRACE_AGENT_MAX_HEADER_BYTES', 'maxHeaderBytes', 'number'), warnings),
    flush: readFlush(setting('TRACE_AGENT_FLUSH', 'flush', 'number'), warnings),
    log: readLevel(setting('TRACE_AGENT_LOG', 'log', 'string'), warnings),
  });
  return { config, warnings: warnings.map(withoutPasswords) };
}

function readBoolean(from: Setting, fallback: boolean, warnings: string[]): boolean {
  switch (from.value?.toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      if (from.value !== undefined)
        warnings.push(`${shown(from)}: neither true nor false; ${fallback} is used`);
      return fallback;
  }
}

function readBytes(from: Setting, warnings: string[]): number {
  const { value } = from;
  if (value === undefined) return MAX_HEADER_BYTES;
  const bytes = Number(value);
  if (value !== null && /^\d+$/.test(value) && bytes >= LEAST_HEADER_BYTES && bytes <= MOST_HEADER_BYTES)
    return bytes;
  const range = `a whole number of bytes from ${LEAST_HEADER_BYTES} to ${MOST_HEADER_BYTES}`;
  warnings.push(`${shown(from)}: not ${range}; ${MAX_HEADER_BYTES} is used`);
  return MAX_HEADER_BYTES;
}

function readFlush(from: Setting, warnings: string[]): number {
  const { value } = from;
  if (value === undefined || value === '0' || value?.toLowerCase() === 'off') return 0;
  const milliseconds = Number(value);
  if (value !== null && /^\d+$/.test(value) && milliseconds <= MOST_MILLISECONDS) return milliseconds;
  warnings.push(
    `${shown(from)}: not off or a whole number of milliseconds up to ${MOST_MILLISECONDS}; 0 is used`,
  );
  return 0;
}

function readLibraries(from: Setting, warnings: string[]): Libraries {
  if (from.value === undefined) return ALL_LIBRARIES;
  const { libraries, warning } = parseLibraries(from.value ?? '');
  if (warning !== undefined) warnings.push(`${shown(from)}: ${warning}`);
  return libraries;
}

function readLevel(from: Setting, warnings: string[]): LogLevel {
  const { value } = from;
  if (value === undefined) return 'warn';
  const level = LOG_LEVELS.find((known) => known === value?.toLowerCase());
  if (level !== undefined) return level;
  warnings.push(`${shown(from)}: none of ${LOG_LEVELS.join(', ')}; warn is used`);
  return 'warn';
}

/** A setting as messages show it. It may have any type. */
/** A URL in a list may hold a password, and warnings are logged. */
function withoutPasswords(warning: string): string {
  return warning.replace(/[^\s"',/:]*:[^\s"',/@]*@/g, '…@');
}

function shown({ name, given }: Setting): string {
  try {
    return `${name}=${typeof given === 'number' ? given : (JSON.stringify(given) ?? String(given))}`;
  } catch {
    // The value contains a cycle or a BigInt, or its toString throws.
    return `${name}=a value of type ${typeof given}`;
  }
}
