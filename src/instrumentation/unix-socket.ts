/** Whether a connection goes over a unix socket, by private members of node:net and node:tls, for Node 18 to 26. */

interface Handle {
  readonly constructor?: { readonly name?: string };
  /** Under TLS (`tls_wrap`): the handle of the socket below. */
  readonly _parent?: Handle | null;
}

/**
 * By the connection's own handle: a server on a unix socket may be given a stream that came from elsewhere, and a server
 * that was handed its socket as a file descriptor has no address that would tell.
 *
 * @param socket any stream; one without a handle of its own has no peer that is known
 */
export function isUnixSocket(socket: unknown): boolean {
  const { _handle: handle } = Object(socket) as { _handle?: Handle | null };
  return (handle?._parent ?? handle)?.constructor?.name === 'Pipe';
}
