/** How a request that a server receives is told from other objects and read. None of these trusts an object to be Node's. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The parts of an incoming request that extraction needs. */
export type Message = Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Unlike a response, a socket can be read. A response that is made up may throw at any look. */
export function isSocket(value: unknown): value is Socket {
  try {
    return isObject(value) && typeof (value as Socket).read === 'function' && 'destroyed' in value;
  } catch {
    return false;
  }
}

export function isIncomingMessage(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && Array.isArray((value as IncomingMessage).rawHeaders);
}

/** A header that came several times as Node joins it, which is no dotted order; whoever makes it up may give anything. */
export function withLine(found: string | undefined, line: string | undefined): string | undefined {
  if (found === undefined) return line;
  return typeof found === 'string' && typeof line === 'string' ? `${found}, ${line}` : '';
}

/** Adapters that make up a request (serverless ones do) leave `rawHeaders` empty and fill in `headers`. */
export function madeUp({ headers }: Message, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : undefined;
}
