import type { IncomingHttpHeaders } from 'node:http';
import { canonicalHost, isInternal } from '../policy/hosts.ts';

/**
 * Checks whether a request may come from a web page of another site. A web page can make the browser send requests to
 * any address of the user's machine. With DNS rebinding, where the page's host name resolves to that address, it
 * could also read the answers. The collector asks for no key that would prevent this.
 *
 * @param ownHost the name or address that the collector was told to listen on
 * @returns why the request is refused; `undefined` if it comes from an SDK or from the trace page
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
  // The trace page has the same origin as the collector.
  const isOwnPage = origin === `http://${host}`;
  const isSameSite = site === undefined || site === 'none' || site === 'same-origin';
  // A link on another site may lead to the trace page: that site cannot read what the browser then shows. A form that
  // writes is no link.
  const isLink = method === 'GET' && destination === 'document' && origin === undefined;
  if ((origin === undefined || isOwnPage) && (isSameSite || isLink)) return undefined;
  return `it is of a web page, ${shown(origin ?? site)}`;
}

/**
 * Whether a host name cannot be made to resolve to this machine by somebody else, so that DNS rebinding cannot use
 * it.
 */
function isLocalName(name: string, ownHost: string): boolean {
  return isInternal(name) || /^[\d.]+$|:/.test(name) || name === canonicalHost(ownHost);
}

function shown(header: string | string[] | undefined): string {
  return JSON.stringify(String(header ?? '').slice(0, 100));
}
