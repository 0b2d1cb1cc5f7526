import type { IncomingHttpHeaders } from 'node:http';
import { canonicalHost, isInternal } from '../policy/hosts.ts';

/**
 * Whether a request may be of a web page. A page that a browser shows can send requests to any address of its machine; one
 * whose name its owner has looked up as that address (DNS rebinding) could read the answers too. The collector has no key
 * that would keep it out.
 *
 * @param ownHost the name or address that the collector was told to listen on
 * @returns why it is refused; `undefined` for an SDK, and for the trace page
 */
export function faultOfCaller(
  method: string,
  headers: IncomingHttpHeaders,
  ownHost: string,
): string | undefined {
  const { host, origin, 'sec-fetch-site': site, 'sec-fetch-dest': destination } = headers;
  const name = canonicalHost((host ?? '').replace(/:\d*$/, ''));
  if (name === undefined || !isLocalName(name, ownHost)) {
    return `Host is ${shown(host)}, which is no address and no name of a local network: use the address, or --host`;
  }
  // The trace page is of the same origin.
  const isOwnPage = origin === `http://${host}`;
  const isSameSite = site === undefined || site === 'none' || site === 'same-origin';
  // A link on another site may lead to the trace page: that site cannot read what the browser then shows. A form that
  // writes is no link.
  const isLink = method === 'GET' && destination === 'document' && origin === undefined;
  if ((origin === undefined || isOwnPage) && (isSameSite || isLink)) return undefined;
  return `it is of a web page, ${shown(origin ?? site)}`;
}

/** Nobody outside can have a browser look these names up as an address of this machine. */
function isLocalName(name: string, ownHost: string): boolean {
  return isInternal(name) || /^[\d.]+$|:/.test(name) || name === canonicalHost(ownHost);
}

function shown(header: string | string[] | undefined): string {
  return JSON.stringify(String(header ?? '').slice(0, 100));
}
