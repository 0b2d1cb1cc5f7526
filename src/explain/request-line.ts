import type { Destination } from '../policy/destinations.ts';

/** A part of a path that is certain to be a word, and not a key, a token or the id of a person. */
const WORD = /^(?:[A-Za-z]{0,16}(?:[_.-][A-Za-z]{1,16})*|v\d{1,3})$/;

/**
 * The path of a request for a message. The query and all parts that may be secret are left out: addresses of webhooks
 * and of bots carry their keys in the path.
 */
export function shownPath(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  if (path === '' || path === '*') return path;
  return path
    .split('/')
    .map((part) => (WORD.test(part) ? part : '…'))
    .join('/');
}

export function shownHost(destination: Destination | undefined): string {
  if (destination === undefined) return 'an unknown host ';
  const { host, port, local } = destination;
  if (local) return 'a unix socket ';
  const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return port === undefined ? shown : `${shown}:${port}`;
}
