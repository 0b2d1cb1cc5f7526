/**
 * The listeners that Node itself puts on a server's requests and responses. Node listens to each response until it is
 * written, and then tells the subscribers of a channel; and to the end of a request that was answered before.
 */
import { builtin } from '../../builtins.ts';
import type { IsNodesOwn, Listeners } from '../bound-emitters.ts';

/** The listeners of Node's own (`_http_server.js`, Node 18 to 26); what has another name or text is the application's. */
const RES_ON_FINISH = 'bound resOnFinish';
const CLEAR_INCOMING =
  /^function clearIncoming\(req\) \{\s+req (?:\|\|= this|= req \|\| this);\s+const parser = req\.socket(?:\?\.parser| && req\.socket\.parser);\s+(?:\/\/.*\s+)*if \(parser && parser\.incoming === req\) \{\s+if \(req\.readableEnded\) \{\s+parser\.incoming = null;\s+\} else \{\s+req\.on\('end', clearIncoming\);\s+\}\s+\}\s+\}$/;

/** @returns whether the one listener of an event is Node's, and the application hears nothing of the event */
export function createIsNodesOwn(): IsNodesOwn {
  const finished = builtin<typeof import('node:diagnostics_channel')>('diagnostics_channel').channel(
    'http.server.response.finish',
  );
  let clearIncoming: (() => unknown) | undefined;

  function isNodesOwn(event: string | symbol, listener: Listeners): boolean {
    try {
      if (typeof listener !== 'function') return false;
      if (event === 'end') return listener === clearIncoming || isClearIncoming(listener);
      return event === 'finish' && listener.name === RES_ON_FINISH && !finished.hasSubscribers;
    } catch {
      // The application's: its `name` may be anything.
      return false;
    }
  }

  function isClearIncoming(listener: () => unknown): boolean {
    if (listener.name !== 'clearIncoming') return false;
    if (!CLEAR_INCOMING.test(Function.prototype.toString.call(listener))) return false;
    clearIncoming = listener;
    return true;
  }

  return isNodesOwn;
}
