/**
 * The trace in `params._meta.baggage` of an MCP request. MCP reserves this key for W3C Baggage. It is the only place for
 * the trace, so the baggage contains the dotted order as a member, whatever the settings for headers are.
 *
 * @see https://modelcontextprotocol.io/specification/draft/basic#_meta
 */
import { nameOfMember } from '../../../headers/members.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../../../headers/names.ts';
import { formatTraceMember, readTraceMember, TRACE_MEMBER } from '../../../headers/trace-member.ts';
import type { OutgoingCarrier } from '../../../outgoing-carrier.ts';
import type { Destination } from '../../../policy/destinations.ts';

/** The part of a request that the propagator reads and writes. */
export interface OutgoingMessage {
  baggage: string | undefined;
  readonly destination: Destination | undefined;
  readonly path: string;
  readonly method: string;
}

export const metaCarrier: OutgoingCarrier<OutgoingMessage> = {
  seam: 'mcp',
  destinationKey({ destination }) {
    if (destination === undefined) return 'mcp:';
    return destination.local ? 'mcp: local' : `mcp: ${destination.host}\n${destination.port}`;
  },
  destination: ({ destination }) => destination,
  method: ({ method }) => method,
  header({ baggage }, name) {
    if (name === BAGGAGE_HEADER) return baggage;
    return name === TRACE_HEADER ? readTraceMember(baggage) : undefined;
  },
  target: ({ path }) => path,
  size: () => 0,
  write(message, trace, baggage) {
    const kept = baggage ?? message.baggage ?? '';
    const next = trace === undefined ? kept : withTrace(kept, trace);
    message.baggage = next === '' ? undefined : next;
  },
};

/** Returns the `baggage` with this trace in place of the one that it holds; `''` removes that one. */
function withTrace(baggage: string, trace: string): string {
  const others = baggage.split(',').filter((member) => nameOfMember(member) !== TRACE_MEMBER);
  return [...(trace === '' ? [] : [formatTraceMember(trace)]), ...others]
    .filter((member) => member !== '')
    .join(',');
}

interface Params {
  readonly _meta?: Record<string, unknown>;
}
export interface Request {
  readonly method?: unknown;
  readonly id?: unknown;
  readonly params?: Params;
}

/** Returns the `baggage` of a request, if it has one. */
export function baggageOf(request: unknown): string | undefined {
  const baggage = (request as Request | undefined)?.params?._meta?.['baggage'];
  return typeof baggage === 'string' ? baggage : undefined;
}

/**
 * Whether a baggage can be added to a copy of the request. Objects with a prototype of their own are not copied: the
 * copy could be written to the connection in another form.
 */
export function isCopyable(request: unknown): request is Request {
  if (!isPlain(request)) return false;
  const { params } = request as Request;
  if (params === undefined) return true;
  return (
    isPlain(params) && (params._meta === undefined || isPlain(params._meta)) && hasNoOtherBaggage(params)
  );
}

function hasNoOtherBaggage({ _meta: meta }: Params): boolean {
  return meta?.['baggage'] === undefined || typeof meta['baggage'] === 'string';
}

/** Returns a copy of the request with this baggage. */
export function withBaggage(request: Request, baggage: string | undefined): Request {
  const { baggage: _, ...others } = request.params?._meta ?? {};
  const meta = baggage === undefined ? others : { ...others, baggage };
  return { ...request, params: { ...request.params, _meta: meta } };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
