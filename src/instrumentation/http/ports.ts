/**
 * Records the port that a request of node:http is connected to. `ClientRequest` keeps its host but not its port, and
 * the application can set any `Host` header. Each request passes its options to its agent at the end of its constructor
 * (`addRequest`, `_http_client.js`, Node 0.12 to 26), which is documented for custom agents.
 */
import type { Agent, ClientRequest } from 'node:http';
import { logFailure } from '../../log.ts';
import { createAttachment } from '../fields.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';

type AddRequest = (this: object, request: ClientRequest, options: unknown, ...legacy: unknown[]) => void;

export interface Ports {
  /** `undefined` if the agent is not Node's, or if the header is written before the request is passed to its agent. */
  of(request: object): number | undefined;
  uninstall: Undo;
}

/**
 * @param prototype the prototype of `http.Agent`
 * @param isWanted whether the port of a request is recorded
 */
export function watchPorts(prototype: Agent, isWanted: (request: object) => boolean): Ports {
  const ports = createAttachment<number>();
  const uninstall = patchMethod<{ addRequest: AddRequest }, AddRequest>(
    prototype as unknown as { addRequest: AddRequest },
    'addRequest',
    (original) =>
      function addRequest(this: object, request, options) {
        note(request, options);
        // biome-ignore lint/complexity/noArguments: passed on as received
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
