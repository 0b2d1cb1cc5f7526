/**
 * Parses the lists of `TRACE_AGENT_PROPAGATE_TO`, `TRACE_AGENT_SHARE_METADATA_WITH` and `TRACE_AGENT_TRUST`. These
 * lists decide which data may leave and which peers are trusted, so an entry that cannot be parsed may close a list but
 * never opens it.
 */
import { isKeyword, type Keyword, keyword, type Pattern, type Patterns, parsePattern } from './patterns.ts';

/** The things that a list is matched against. */
export type Subject = 'destinations' | 'peers';

export interface ParsedPatterns {
  readonly patterns: Patterns;
  readonly warning: string | undefined;
}

const NO_PEER = 'names no peer, which is an address without a port';

/** One entry of a list. */
interface Entry {
  /** The entry as it was given, without quotes. */
  readonly given: string;
  readonly isException: boolean;
  /** The entry in force, without `!`. */
  readonly text: string;
  readonly isURL: boolean;
  /** `undefined` for `none`, and for an entry that cannot be parsed. */
  readonly pattern: Pattern | undefined;
  readonly fault: 'cannot be read' | typeof NO_PEER | undefined;
}

/**
 * Parses a list. An entry that cannot be parsed is ignored and named in the warning. The other entries apply, unless
 * that entry may have been an exception. Beside `*` it can have been nothing else. In that case, and if no entry that
 * includes anything is left, the list means `none`.
 *
 * @param base the list from which exceptions are made if there are only exceptions
 */
export function parsePatterns(list: string, base: Keyword, of: Subject = 'destinations'): ParsedPatterns {
  const entries = entriesOf(list).map((given) => readEntry(given, of));
  const bad = entries.filter(({ fault }) => fault !== undefined);
  const good = entries.filter(({ fault }) => fault === undefined);
  const isNone = ({ text, isException }: Entry) => text === 'none' && !isException;
  if (good.some(isNone) && good.length > 1) {
    return none([...faultsOf(entries), 'none stands beside other patterns']);
  }
  const includes = good.filter(({ isException }) => !isException);
  const hasLostException = bad.some(
    ({ isException, fault }) => isException || mayBeException(fault, includes),
  );
  const isEmpty = good.length === 0 || (includes.length === 0 && bad.length > 0);
  if (hasLostException || isEmpty) {
    return none(entries.length === 0 ? ['holds no pattern'] : faultsOf(entries));
  }
  const patterns = compile(
    includes.filter((entry) => !isNone(entry)),
    good,
    base,
  );
  const faults = faultsOf(entries);
  const warning = faults.length === 0 ? undefined : `${faults.join(', ')}; ${patterns.source} is used`;
  return { patterns, warning };
}

/** Removes the quotes that `docker run --env-file` and YAML leave on a value. */
export function unquote(text: string): string {
  const inner = /^(["'])(.*)\1$/s.exec(text.trim());
  return inner?.[2] === undefined || inner[2].includes(inner[1] as string) ? text.trim() : unquote(inner[2]);
}

/** Splits a list at commas, semicolons and white space. A `!` belongs to the text after it. */
function entriesOf(list: string): string[] {
  return unquote(list)
    .replace(/!\s+/g, '!')
    .split(/[\s,;]+/)
    .filter((entry) => entry !== '');
}

function readEntry(quoted: string, of: Subject): Entry {
  const given = unquote(quoted);
  const isException = given.startsWith('!');
  const bare = unquote(isException ? given.slice(1) : given);
  const url = hostOfURL(bare, isException);
  const lower = bare.toLowerCase();
  const text = url ?? (isKeyword(lower) ? lower : bare);
  const pattern = parsePattern(text);
  const isNone = text === 'none' && !isException;
  const fault = isNone ? undefined : faultOf(pattern, of);
  return { given, isException, text, isURL: url !== undefined, pattern, fault };
}

/** @returns `host:port` of a URL; `undefined` if it is not a URL or its port is unknown */
function hostOfURL(text: string, isException: boolean): string | undefined {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#\\]*@)?([^/?#\\@]+)(?:[/?#].*)?$/i.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  if (/:\d+$/.test(match[2])) return match[2];
  // Without a port an exception is wider, and with a port an inclusion is narrower. Both are the stricter choice.
  if (isException) return match[2];
  const port = { http: 80, ws: 80, https: 443, wss: 443 }[match[1].toLowerCase()];
  return port === undefined ? undefined : `${match[2]}:${port}`;
}

function faultOf(pattern: Pattern | undefined, of: Subject): Entry['fault'] {
  if (pattern === undefined) return 'cannot be read';
  return of === 'destinations' || isPeer(pattern) ? undefined : NO_PEER;
}

/** A peer is an address. Neither its name nor the port of its listener is known. */
function isPeer(pattern: Pattern): boolean {
  return pattern.kind !== 'host' && !(pattern.kind === 'network' && pattern.port !== undefined);
}

function mayBeException(fault: Entry['fault'], includes: readonly Entry[]): boolean {
  return fault === 'cannot be read' && includes.some(({ text }) => text === '*');
}

function none(faults: readonly string[]): ParsedPatterns {
  return { patterns: keyword('none'), warning: `${faults.join(', ')}; none is used` };
}

/** The faults for the warning. Entries with the same fault are grouped. */
function faultsOf(entries: readonly Entry[]): string[] {
  const faults: [what: string, entries: readonly Entry[]][] = [
    ['cannot be read', entries.filter(({ fault }) => fault === 'cannot be read')],
    [NO_PEER, entries.filter(({ fault }) => fault === NO_PEER)],
    ['is read as host and port', entries.filter(({ isURL, fault }) => isURL && fault === undefined)],
  ];
  return faults
    .filter(([, found]) => found.length > 0)
    .map(([what, found]) => `${found.map(({ given }) => JSON.stringify(given)).join(', ')} ${what}`);
}

function compile(includes: readonly Entry[], all: readonly Entry[], base: Keyword): Patterns {
  const source = all.map(({ isException, text }) => `${isException ? '!' : ''}${text}`).join(',');
  const excludes = patternsOf(all.filter(({ isException }) => isException));
  const isBase = includes.length === 0 && excludes.length > 0;
  return Object.freeze({
    source,
    includes: isBase ? keyword(base).includes : patternsOf(includes),
    excludes,
  });
}

function patternsOf(entries: readonly Entry[]): readonly Pattern[] {
  // Node.js 8 has no `flatMap`.
  return Object.freeze(entries.map(({ pattern }) => pattern).filter((pattern) => pattern !== undefined));
}
