/**
 * Records a client's own limit on its headers, `maxSendHeaderBlockLength`. It is an option of `http2.connect` that
 * cannot be read from the session later (Node 18 to 26). A `connect` that was imported by name is not patched.
 */
import type { ClientHttp2Session } from 'node:http2';
import { builtin } from '../../builtins.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';

type Connect = (
  this: unknown,
  authority: unknown,
  options?: unknown,
  listener?: unknown,
) => ClientHttp2Session;

const limits = new WeakMap<ClientHttp2Session, number>();

/**
 * The limit in bytes, as nghttp2 counts them; `undefined` if the session has no limit or was opened before the patch.
 */
export function maxBlockOf(session: ClientHttp2Session): number | undefined {
  return limits.get(session);
}

export function watchConnect(): Undo {
  const http2 = builtin<{ connect: Connect }>('http2');
  return patchMethod<{ connect: Connect }, Connect>(
    http2,
    'connect',
    (original) =>
      function connect(this: unknown, _authority, options) {
        // biome-ignore lint/complexity/noArguments: passed on as received
        const session = original().apply(this, arguments as unknown as Parameters<Connect>);
        const limit = limitOf(options);
        if (limit !== undefined) limits.set(session, limit);
        return session;
      },
  );
}

function limitOf(options: unknown): number | undefined {
  try {
    const { maxSendHeaderBlockLength: limit } = Object(options) as { maxSendHeaderBlockLength?: unknown };
    return typeof limit === 'number' ? limit : undefined;
  } catch {
    // A getter of the application throws. Node has called it before.
    return undefined;
  }
}
