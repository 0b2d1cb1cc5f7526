/**
 * The port that a request of node:http is connected to. `ClientRequest` keeps its host, but not its port, and a `Host`
 * header is the application's to set. Each request hands its options to its agent at the end of its constructor
 * (`addRequest`, `_http_client.js`, Node 0.12 to 26), which is documented for agents of one's own.
 */
import type { Agent, ClientRequest } from 'node:http';
import { logFailure } from '../../log.ts';
import { createAttachment } from '../fields.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';

type AddRequest = (this: object, request: ClientRequest, options: unknown, ...legacy: unknown[]) => void;

export interface Ports {
  /** `undefined` where the agent is not Node's, or the header is written before the request has one. */
  of(request: object): number | undefined;
  uninstall: Undo;
}

/**
 * @param prototype that of `http.Agent`
 * @param isWanted whether a request is looked at
 */
export function watchPorts(prototype: Agent, isWanted: (request: object) => boolean): Ports {
  const ports = createAttachment<number>();
  const uninstall = patchMethod<{ addRequest: AddRequest }, AddRequest>(
    prototype as unknown as { addRequest: AddRequest },
    'addRequest',
    (original) =>
      function addRequest(this: object, request, options) {
        note(request, options);
        // biome-ignore lint/complexity/noArguments: passed on as they came
        original().apply(this, arguments as unknown as Parameters<AddRequest>);
      },
  );

  function note(request: object, options: unknown): void {
    try {
      const port = portOf(options);
      if (port !== undefined && isWanted(request)) ports.attach(request, port);
    } catch (error) {
      logFailure('note a port', error);
    }
  }

  return { of: (request) => ports.of(request), uninstall };
}

function portOf(options: unknown): number | undefined {
  const port = Number((options as { port?: unknown } | null | undefined)?.port);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
