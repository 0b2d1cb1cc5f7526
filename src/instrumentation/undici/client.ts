/**
 * Injects into the requests of every undici, including Node's own, when they are published on the channel (see
 * `channel.ts`).
 */

import { type ContextStorage, inboundOf } from '../../context/storage.ts';
import { DECISION } from '../../decision.ts';
import { BAGGAGE_HEADER, isNamed } from '../../headers/names.ts';
import { logFailure, logOnce } from '../../log.ts';
import type { Propagator } from '../../propagator.ts';
import { mergeAddedBaggage } from '../../request-baggage.ts';
import { patchMethod, type Undo } from '../instrumentation.ts';
import { installUndiciCallbacks } from './callbacks.ts';
import { type AddHeader, carrierOf, type UndiciRequest, unreadableCarrier } from './carrier.ts';
import type { UndiciRequests } from './channel.ts';
import { installUndiciPool } from './pool.ts';
import { createUnseenSDKWarning } from './unseen-sdk.ts';

/** Must be called before anything is queued. */
export function watchUndici(contexts: ContextStorage, propagator: Propagator): UndiciRequests {
  const undos: Undo[] = [];
  const watched = new WeakSet<object>();
  /** The prototype of the last request. Most processes have only one, and comparing it needs no hash. */
  let lastWatched: object | undefined;
  const pool = installUndiciPool(contexts);
  const callbacks = installUndiciCallbacks(contexts);
  const warnOfUnseenSDK = createUnseenSDKWarning();
  const { explanations } = propagator;

  function onRequest(created: object): void {
    const request = created as UndiciRequest;
    if (!contexts.isShared()) warnOfUnseenSDK(request);
    const isFollowed = pool.isInItsContext(request);
    const context = isFollowed ? contexts.current() : undefined;
    const prototype = Object.getPrototypeOf(request) as UndiciRequest;
    if (prototype !== lastWatched) watch(prototype);
    callbacks.bind(request, context);
    if (context === undefined) {
      const decision = isFollowed ? DECISION.noRun : DECISION.notFollowed;
      explanations?.outgoing(carrierOf(request) ?? unreadableCarrier, request, undefined, decision);
      return;
    }
    const carrier = carrierOf(request);
    if (carrier === undefined) {
      logOnce(
        'undici headers',
        'warn',
        'requests of this version of undici are sent without a trace, because it keeps its headers in an unknown form',
      );
      explanations?.outgoing(unreadableCarrier, request, context, DECISION.unknownForm);
      return;
    }
    if (request.method === 'CONNECT') propagator.withhold(carrier, request, context);
    else propagator.inject(carrier, request, context);
    explanations?.outgoing(carrier, request, context, propagator.decision);
  }

  function watch(prototype: UndiciRequest): void {
    lastWatched = prototype;
    if (watched.has(prototype)) return;
    watched.add(prototype);
    callbacks.watch(prototype);
    keepOneBaggage(prototype);
  }

  /**
   * Merges the `baggage` of an agent that subscribed later. It adds its members by `addHeader`, which does not check
   * for an existing header.
   */
  function keepOneBaggage(prototype: UndiciRequest): void {
    if (typeof prototype.addHeader !== 'function') return;
    undos.push(
      patchMethod<UndiciRequest, AddHeader>(
        prototype,
        'addHeader',
        (original) =>
          function addHeader(this: UndiciRequest, name, value) {
            const rest = stillToAdd(this, name, value);
            return rest === undefined ? this : original().call(this, name, rest);
          },
      ),
    );
  }

  /** @returns the value that is still to be added; `undefined` for none */
  function stillToAdd(request: UndiciRequest, name: string, value: string): string | undefined {
    try {
      const carrier = isNamed(name, BAGGAGE_HEADER) ? carrierOf(request) : undefined;
      return carrier === undefined || typeof value !== 'string'
        ? value
        : mergeAddedBaggage(carrier, request, value, inboundOf(contexts.current()));
    } catch (error) {
      logFailure('append to baggage', error);
      return value;
    }
  }

  return {
    onRequest,
    uninstall() {
      for (const undo of undos) undo();
      pool.uninstall();
      callbacks.uninstall();
    },
  };
}
