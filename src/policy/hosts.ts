/** Hosts and addresses, as text. */
import { builtin } from '../builtins.ts';

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
 * Converts a host to the form of the URL standard: lower case, punycode, IPv4 in four decimals, IPv6 short and without
 * brackets, IPv4-mapped IPv6 as IPv4, no trailing dot. Returns `undefined` for an invalid host.
 */
export function canonicalHost(host: string): string | undefined {
  if (host === '' || /[\s/?#@\\]/.test(host)) return undefined;
  const { isIP } = builtin<typeof import('node:net')>('net');
  const address = host.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
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

/** Whether the pattern `internal` matches a host. */
export function isInternal(host: string): boolean {
  const { isIP } = builtin<typeof import('node:net')>('net');
  if (isIP(host) !== 0) {
    return INTERNAL_NETWORKS.some(([address, prefix]) => isInNetwork(host, address, prefix));
  }
  return host !== '' && (!host.includes('.') || INTERNAL_SUFFIXES.some((suffix) => host.endsWith(suffix)));
}

export function isInNetwork(host: string, address: string, prefix: number): boolean {
  const { isIP, BlockList } = builtin<typeof import('node:net')>('net');
  const family = isIP(host);
  if (family === 0 || family !== isIP(address)) return false;
  const network = new BlockList();
  network.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return network.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Converts an IPv4-mapped address. The URL standard writes `::ffff:127.0.0.1` as `::ffff:7f00:1`. */
function unmapped(host: string): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host);
  if (match?.[1] === undefined || match[2] === undefined) return host;
  const high = Number.parseInt(match[1], 16);
  const low = Number.parseInt(match[2], 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}
