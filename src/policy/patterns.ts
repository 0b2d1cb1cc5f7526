import { builtin } from '../builtins.ts';

/**
 * Patterns of destinations and peers: `*`, `none`, `internal`, a host, `*.example.com`, `host:port`, an IP or
 * CIDR, and `!pattern` to except; comma-separated. They are matched against a parsed host, never a URL string.
 */
export interface Patterns {
  /** As it is in force, for messages and `status()`. */
  readonly source: string;
  readonly includes: readonly Pattern[];
  readonly excludes: readonly Pattern[];
}

type Pattern = AnyPattern | InternalPattern | HostPattern | NetworkPattern;
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

/** A host in canonical form (see `canonicalHost`), and what is known of the port. */
export interface Endpoint {
  readonly host: string;
  /** `undefined` where the port cannot be told: then a pattern with a port includes nothing and excludes all. */
  readonly port: number | undefined;
  /** A unix socket: on this machine, whatever its name says. */
  readonly local?: boolean;
}

export interface ParsedPatterns {
  readonly patterns: Patterns;
  readonly warning: string | undefined;
}

const INTERNAL_SUFFIXES = ['.internal', '.local', '.localhost', '.svc', '.cluster.local', '.home.arpa'];
/** Loopback, private, link-local and unique-local: RFC 1122, 1918, 3927, 4193, 4291. */
const INTERNAL_NETWORKS: readonly (readonly [string, number])[] = [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
];

/**
 * Reads a list. Bad entries are left out and named in the warning, the others hold. A list that would then be
 * empty becomes `fallback`; one that lost an exception becomes `none`, because the rest would grant what the
 * exception was there to refuse.
 */
export function parsePatterns(list: string, fallback: string): ParsedPatterns {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const bad = entries.filter((entry) => entry !== 'none' && parsePattern(bare(entry)) === undefined);
  const good = entries.filter((entry) => !bad.includes(entry));
  if (bad.some((entry) => entry.startsWith('!'))) {
    return { patterns: compile('none', fallback), warning: `${quote(bad)} cannot be read; none is used` };
  }
  if (good.length === 0) {
    const why = bad.length === 0 ? 'holds no pattern' : `${quote(bad)} cannot be read`;
    return { patterns: compile(fallback, fallback), warning: `${why}; ${fallback} is used` };
  }
  if (good.includes('none') && good.length > 1) {
    return {
      patterns: compile('none', fallback),
      warning: 'none stands beside other patterns; none is used',
    };
  }
  const patterns = compile(good.join(','), fallback);
  return {
    patterns,
    warning: bad.length === 0 ? undefined : `${quote(bad)} cannot be read; ${patterns.source} is used`,
  };
}

/** Whether a list holds for an endpoint: some pattern includes it and none excepts it. */
export function matches(patterns: Patterns, endpoint: Endpoint): boolean {
  return (
    patterns.includes.some((pattern) => matchesOne(pattern, endpoint, false)) &&
    !patterns.excludes.some((pattern) => matchesOne(pattern, endpoint, true))
  );
}

/**
 * A host as the URL standard writes it: lower case, punycode, IPv4 in four decimals, IPv6 short and without
 * brackets, IPv4-mapped IPv6 as IPv4, no trailing dot. `undefined` for what is no host.
 */
export function canonicalHost(host: string): string | undefined {
  if (host === '' || /[\s/?#@\\]/.test(host)) return undefined;
  const { isIP } = builtin<typeof import('node:net')>('net');
  const address = host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const isIPv6 = isIP(address) === 6;
  if (!isIPv6 && host.includes(':')) return undefined;
  try {
    const url = new URL(`http://${isIPv6 ? `[${address}]` : host}`);
    const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
    return hostname === '' ? undefined : unmapped(hostname);
  } catch {
    return undefined;
  }
}

function compile(list: string, fallback: string): Patterns {
  const entries = list.split(',');
  const excludes = entries.filter((entry) => entry.startsWith('!')).map(bare);
  const named = entries.filter((entry) => !entry.startsWith('!') && entry !== 'none');
  // Exceptions alone except from the default.
  const includes = named.length === 0 && excludes.length > 0 ? fallback.split(',') : named;
  const parse = (pattern: string) => parsePattern(pattern) as Pattern;
  return Object.freeze({ source: list, includes: includes.map(parse), excludes: excludes.map(parse) });
}

function parsePattern(text: string): Pattern | undefined {
  if (text === '*') return { kind: 'any' };
  if (text === 'internal') return { kind: 'internal' };
  const { isIP } = builtin<typeof import('node:net')>('net');
  const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text);
  if (cidr?.[1] !== undefined) {
    const family = isIP(cidr[1]);
    const prefix = Number(cidr[2]);
    if (family === 0 || prefix > (family === 4 ? 32 : 128)) return undefined;
    return { kind: 'network', address: cidr[1], prefix, port: undefined };
  }
  const { host, port } = splitPort(text, isIP);
  if (host === undefined || Number.isNaN(port)) return undefined;
  const wildcard = host.startsWith('*.');
  const canonical = canonicalHost(wildcard ? host.slice(2) : host);
  if (canonical === undefined || canonical.includes('*')) return undefined;
  const family = isIP(canonical);
  if (family !== 0) {
    if (wildcard) return undefined;
    return { kind: 'network', address: canonical, prefix: family === 4 ? 32 : 128, port };
  }
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
  if (pattern.kind === 'internal') return endpoint.local === true || isInternal(endpoint.host);
  if (endpoint.local === true) return false;
  if (
    pattern.port !== undefined &&
    pattern.port !== (endpoint.port ?? (excepting ? pattern.port : undefined))
  ) {
    return false;
  }
  if (pattern.kind === 'network') return isInNetwork(endpoint.host, pattern.address, pattern.prefix);
  return pattern.host.startsWith('.') ? endpoint.host.endsWith(pattern.host) : endpoint.host === pattern.host;
}

function isInternal(host: string): boolean {
  const { isIP } = builtin<typeof import('node:net')>('net');
  if (isIP(host) !== 0) {
    return INTERNAL_NETWORKS.some(([address, prefix]) => isInNetwork(host, address, prefix));
  }
  return host !== '' && (!host.includes('.') || INTERNAL_SUFFIXES.some((suffix) => host.endsWith(suffix)));
}

function isInNetwork(host: string, address: string, prefix: number): boolean {
  const { isIP, BlockList } = builtin<typeof import('node:net')>('net');
  const family = isIP(host);
  if (family === 0 || family !== isIP(address)) return false;
  const network = new BlockList();
  network.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return network.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** `::ffff:7f00:1`, as the URL standard writes `::ffff:127.0.0.1`, is that IPv4 address. */
function unmapped(host: string): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (match?.[1] === undefined || match[2] === undefined) return host;
  const high = Number.parseInt(match[1], 16);
  const low = Number.parseInt(match[2], 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function bare(entry: string): string {
  return entry.startsWith('!') ? entry.slice(1).trim() : entry;
}

function quote(entries: readonly string[]): string {
  return entries.map((entry) => JSON.stringify(entry)).join(', ');
}
