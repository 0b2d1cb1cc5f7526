/** Recognizes unix sockets by private members of node:net and node:tls, for Node 18 to 26. */

interface Handle {
  readonly constructor?: { readonly name?: string };
  /** Under TLS (`tls_wrap`), the handle of the socket below. */
  readonly _parent?: Handle | null;
}

/**
 * Checks the handle of the connection itself. The server's address does not tell: a server on a unix socket may be
 * given a stream from elsewhere, and a server that was given its socket as a file descriptor has no address.
 *
 * @param socket any stream; the peer of a stream without a handle is unknown
 */
export function isUnixSocket(socket: unknown): boolean {
  const { _handle: handle } = Object(socket) as { _handle?: Handle | null };
  return (handle?._parent ?? handle)?.constructor?.name === 'Pipe';
}
