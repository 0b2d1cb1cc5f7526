/**
 * A client's own limit on what it sends, `maxSendHeaderBlockLength`. It is an option of `http2.connect`, which keeps it to
 * itself: nothing of a session tells it later (Node 18 to 26). A `connect` that was imported by name is not seen.
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

/** In bytes, as nghttp2 reckons; `undefined` where the session has no such limit, or was opened before the agent looked. */
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
        // biome-ignore lint/complexity/noArguments: passed on as they came
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
    // A getter of the application's. Node has met it by now.
    return undefined;
  }
}
