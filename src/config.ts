import type { LogLevel, StartOptions } from './api.ts';
import { LOG_LEVELS } from './log.ts';
import { type Patterns, parsePatterns } from './policy/patterns.ts';

export interface Config {
  readonly enabled: boolean;
  readonly propagateTo: Patterns;
  readonly shareMetadataWith: Patterns;
  readonly trust: Patterns;
  readonly maxHeaderBytes: number;
  readonly log: LogLevel;
}

export interface ConfigResult {
  readonly config: Config;
  /** One sentence for each bad value: the setting, the value, and what is used instead. */
  readonly warnings: readonly string[];
}

interface Setting {
  readonly name: string;
  readonly value: string | undefined;
}

const MAX_HEADER_BYTES = 8192;
/** A trace of one run and nothing else takes 77 bytes. */
const LEAST_HEADER_BYTES = 77;
/** No server that anybody runs takes more, and a number this large is a typing error. */
const MOST_HEADER_BYTES = 1_048_576;

/**
 * Reads the configuration. Never throws: a bad value becomes a warning and the default. An empty variable is
 * one that is not set, as container platforms pass it.
 */
export function readConfig(env: NodeJS.ProcessEnv, options: StartOptions = {}): ConfigResult {
  const warnings: string[] = [];
  const setting = (name: string, option: unknown, optionName: string): Setting => {
    if (option !== undefined) return { name: `option ${optionName}`, value: String(option).trim() };
    const value = env[name]?.trim();
    return { name, value: value === '' ? undefined : value };
  };
  const patterns = (from: Setting, fallback: string): Patterns => {
    const { patterns: parsed, warning } = parsePatterns(from.value ?? fallback, fallback);
    if (warning !== undefined) warnings.push(`${from.name}=${JSON.stringify(from.value)}: ${warning}`);
    return parsed;
  };
  const config = Object.freeze({
    enabled: readEnabled(setting('TRACE_AGENT_ENABLED', options.enabled, 'enabled'), warnings),
    propagateTo: patterns(setting('TRACE_AGENT_PROPAGATE_TO', options.propagateTo, 'propagateTo'), '*'),
    shareMetadataWith: patterns(
      setting('TRACE_AGENT_SHARE_METADATA_WITH', options.shareMetadataWith, 'shareMetadataWith'),
      'internal',
    ),
    trust: patterns(setting('TRACE_AGENT_TRUST', options.trust, 'trust'), 'internal'),
    maxHeaderBytes: readBytes(
      setting('TRACE_AGENT_MAX_HEADER_BYTES', options.maxHeaderBytes, 'maxHeaderBytes'),
      warnings,
    ),
    log: readLevel(setting('TRACE_AGENT_LOG', options.log, 'log'), warnings),
  });
  return { config, warnings };
}

function readEnabled({ name, value }: Setting, warnings: string[]): boolean {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    default:
      warnings.push(`${name}=${JSON.stringify(value)}: neither true nor false; true is used`);
      return true;
  }
}

function readBytes({ name, value }: Setting, warnings: string[]): number {
  if (value === undefined) return MAX_HEADER_BYTES;
  const bytes = Number(value);
  if (/^\d+$/.test(value) && bytes >= LEAST_HEADER_BYTES && bytes <= MOST_HEADER_BYTES) return bytes;
  const range = `a whole number of bytes from ${LEAST_HEADER_BYTES} to ${MOST_HEADER_BYTES}`;
  warnings.push(`${name}=${JSON.stringify(value)}: not ${range}; ${MAX_HEADER_BYTES} is used`);
  return MAX_HEADER_BYTES;
}

function readLevel({ name, value }: Setting, warnings: string[]): LogLevel {
  if (value === undefined) return 'warn';
  const level = LOG_LEVELS.find((known) => known === value.toLowerCase());
  if (level !== undefined) return level;
  warnings.push(`${name}=${JSON.stringify(value)}: none of ${LOG_LEVELS.join(', ')}; warn is used`);
  return 'warn';
}
