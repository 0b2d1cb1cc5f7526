import { builtin } from '../builtins.ts';
import { canonicalHost, isInNetwork, isInternal } from './hosts.ts';

/**
 * Patterns of destinations and peers: `*`, `none`, `internal`, a host, `*.example.com`, `host:port`, an IP or CIDR, and
 * `!pattern` to except; separated by commas. They are matched against a parsed host, never against the text of a URL.
 */
export interface Patterns {
  /** The list in force, for messages and `status()`. */
  readonly source: string;
  readonly includes: readonly Pattern[];
  readonly excludes: readonly Pattern[];
}

export type Pattern = AnyPattern | InternalPattern | HostPattern | NetworkPattern;
interface AnyPattern {
  readonly kind: 'any';
}
interface InternalPattern {
  readonly kind: 'internal';
}
interface HostPattern {
  readonly kind: 'host';
  /** Canonical: lower case, punycode, no trailing dot; `.example.com` for `*.example.com`. */
  readonly host: string;
  readonly port: number | undefined;
}
interface NetworkPattern {
  readonly kind: 'network';
  readonly address: string;
  readonly prefix: number;
  readonly port: number | undefined;
}

/**
 * Punctuation that no host contains. Three characters of other scripts are allowed, because the URL standard reads them
 * as a dot. The pattern is compiled when it is first needed, because Node.js 8, where the agent only declines to start,
 * does not know `\p`.
 */
const FOREIGN_PUNCTUATION = '(?![._:[\\]%*。．｡-])\\p{P}';

function hasForeignPunctuation(host: string): boolean {
  try {
    return new RegExp(FOREIGN_PUNCTUATION, 'u').test(host);
  } catch {
    return false;
  }
}

/** An IPv4 address of fewer than four parts, or a part of one. */
const ADDRESS_IN_SHORT = /^\d+(\.\d+){0,2}\.?$/;

/** A host in canonical form (see `canonicalHost`), and what is known of the port. */
export interface Endpoint {
  /** `''` if the host is unknown. Then a pattern that names a host never includes it and always excepts it. */
  readonly host: string;
  /** `undefined` if the port is unknown. Then a pattern with a port never includes it and always excepts it. */
  readonly port: number | undefined;
  /** Whether it is a unix socket. Then it is on this machine, whatever host the request names. */
  readonly local?: boolean;
}

/** A pattern that is a keyword. */
export type Keyword = '*' | 'internal' | 'none';

const WORDS: Readonly<Record<Keyword, readonly Pattern[]>> = {
  '*': Object.freeze([{ kind: 'any' } as const]),
  internal: Object.freeze([{ kind: 'internal' } as const]),
  none: Object.freeze([]),
};

/** Returns the list of one keyword. Defaults use it, because it needs no parser. */
export function keyword(word: Keyword): Patterns {
  return Object.freeze({ source: word, includes: WORDS[word], excludes: WORDS.none });
}

/** Whether a list applies to an endpoint: a pattern includes it and no pattern excepts it. */
export function matches(patterns: Patterns, endpoint: Endpoint): boolean {
  return (
    patterns.includes.some((pattern) => matchesOne(pattern, endpoint, false)) &&
    exceptionOf(patterns, endpoint) === undefined
  );
}

/** The pattern with `!` that excepts an endpoint, if any. */
export function exceptionOf(patterns: Patterns, endpoint: Endpoint): Pattern | undefined {
  return patterns.excludes.find((pattern) => matchesOne(pattern, endpoint, true));
}

/** The text of a pattern, for messages. */
export function textOf(pattern: Pattern): string {
  if (pattern.kind === 'any') return '*';
  if (pattern.kind === 'internal') return 'internal';
  const port = pattern.port === undefined ? '' : `:${pattern.port}`;
  if (pattern.kind === 'host') return `${pattern.host.replace(/^\./, '*.')}${port}`;
  const { address, prefix } = pattern;
  const isSingle = prefix === (address.includes(':') ? 128 : 32);
  if (!isSingle) return `${address}/${prefix}`;
  return port !== '' && address.includes(':') ? `[${address}]${port}` : `${address}${port}`;
}

/** Parses one entry of a list, without its `!`. Returns `undefined` if it is not a pattern. */
export function parsePattern(text: string): Pattern | undefined {
  if (isKeyword(text)) return WORDS[text][0];
  const { isIP } = builtin<typeof import('node:net')>('net');
  const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text);
  if (cidr?.[1] !== undefined) {
    const family = isIP(cidr[1]);
    const prefix = Number(cidr[2]);
    if (family === 0 || prefix > (family === 4 ? 32 : 128)) return undefined;
    const address = canonicalHost(cidr[1]) ?? cidr[1];
    // `::ffff:10.0.0.0/104` is `10.0.0.0/8`, because mapped addresses are compared as IPv4.
    const isMapped = family === 6 && isIP(address) === 4;
    if (isMapped && prefix < 96) return undefined;
    return { kind: 'network', address, prefix: isMapped ? prefix - 96 : prefix, port: undefined };
  }
  const { host, port } = splitPort(text, isIP);
  if (host === undefined || Number.isNaN(port) || isKeyword(host.toLowerCase())) return undefined;
  // `10.9` means 10.0.0.9 to a URL, and most likely 10.9.0.0/16 to whoever wrote it.
  if (ADDRESS_IN_SHORT.test(host)) return undefined;
  // A host in punycode may stand for any sign, typographic quotes and a fullwidth `!` included.
  if (hasForeignPunctuation(host)) return undefined;
  const wildcard = host.startsWith('*.');
  const canonical = canonicalHost(wildcard ? host.slice(2) : host);
  if (canonical === undefined) return undefined;
  const family = isIP(canonical);
  if (family !== 0) {
    if (wildcard) return undefined;
    return { kind: 'network', address: canonical, prefix: family === 4 ? 32 : 128, port };
  }
  if (!/^[a-z0-9_]([a-z0-9_-]*)(\.[a-z0-9_][a-z0-9_-]*)*$/.test(canonical)) return undefined;
  return { kind: 'host', host: wildcard ? `.${canonical}` : canonical, port };
}

function splitPort(
  text: string,
  isIP: (text: string) => number,
): { host: string | undefined; port: number | undefined } {
  if (isIP(text) !== 0) return { host: text, port: undefined };
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  return { host: match?.[1], port: port !== undefined && (port < 1 || port > 65_535) ? Number.NaN : port };
}

function matchesOne(pattern: Pattern, endpoint: Endpoint, excepting: boolean): boolean {
  if (pattern.kind === 'any') return true;
  if (endpoint.local === true) return pattern.kind === 'internal';
  if (endpoint.host === '') return excepting;
  if (pattern.kind === 'internal') return isInternal(endpoint.host);
  if (
    pattern.port !== undefined &&
    pattern.port !== (endpoint.port ?? (excepting ? pattern.port : undefined))
  ) {
    return false;
  }
  if (pattern.kind === 'network') return isInNetwork(endpoint.host, pattern.address, pattern.prefix);
  return pattern.host.startsWith('.') ? endpoint.host.endsWith(pattern.host) : endpoint.host === pattern.host;
}

export function isKeyword(text: string): text is Keyword {
  return text === '*' || text === 'internal' || text === 'none';
}
