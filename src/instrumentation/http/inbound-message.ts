/**
 * Recognizes the requests that a server receives, and reads them. None of these functions assumes that an object is
 * Node's.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/** The parts of an incoming request that extraction needs. */
export type Message = Pick<IncomingMessage, 'headers' | 'rawHeaders'> & {
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined;
};

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Unlike a response, a socket can be read. An object that imitates a response may throw on any access. */
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

/**
 * Joins the values of a repeated header as Node does, which makes a repeated trace an invalid dotted order. The values of
 * a made-up request may have any type.
 */
export function withLine(found: string | undefined, line: string | undefined): string | undefined {
  if (found === undefined) return line;
  return typeof found === 'string' && typeof line === 'string' ? `${found}, ${line}` : '';
}

/**
 * Reads a header of a made-up request: adapters (such as serverless ones) leave `rawHeaders` empty and fill in
 * `headers`.
 */
export function madeUp({ headers }: Message, name: string): string | undefined {
  const value = headers?.[name];
  return typeof value === 'string' ? value : undefined;
}
