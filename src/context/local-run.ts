import { formatAddress } from '../headers/address.ts';
import type { BaggageFields } from '../headers/baggage.ts';
import { isDottedOrder, MAX_DOTTED_ORDER_LENGTH } from '../headers/dotted-order.ts';
import { type HeaderSet, type HeaderSettings, makeHeaderSet, NO_HEADERS } from '../headers/trace-headers.ts';
import { hidesMetadata } from './privacy.ts';
import type { RunTreeLike } from './run-tree.ts';

/** The headers of a run and the values that they were made from. */
interface CachedHeaders {
  readonly dottedOrder: unknown;
  readonly project: unknown;
  readonly address: unknown;
  /** Names and values alternate. */
  readonly metadata: readonly unknown[];
  /** Set if a value is itself an object, because a change inside it does not change its identity. */
  readonly metadataJSON: string | undefined;
  readonly tags: readonly unknown[];
  readonly set: HeaderSet | undefined;
}

const NOTHING: readonly unknown[] = [];
const cache = new WeakMap<RunTreeLike, CachedHeaders>();

/**
 * Returns the headers of a run of this process. They are cached and made again only if the run has changed. The SDK's
 * `toHeaders` makes the same headers from the same fields in 2 to 3.5 microseconds a call, but it has no limit and
 * throws on a lone surrogate.
 *
 * @returns `undefined` for a run without a valid dotted order
 */
export function headersOfRun(run: RunTreeLike, settings: HeaderSettings): HeaderSet | undefined {
  const known = cache.get(run);
  if (known !== undefined && isCurrent(known, run)) return known.set;
  const fresh = makeHeaders(run, settings);
  cache.set(run, fresh);
  return fresh.set;
}

function makeHeaders(run: RunTreeLike, settings: HeaderSettings): CachedHeaders {
  const metadata = metadataOf(run);
  const tags = tagsOf(run);
  const fields: BaggageFields = {
    metadata,
    tags: tags.filter((tag) => typeof tag === 'string' && tag !== '') as string[],
    project: typeof run.project_name === 'string' ? run.project_name : undefined,
    address: formatAddress(run.address),
  };
  const trace = run.dotted_order;
  const isTooLong = typeof trace === 'string' && trace.length > MAX_DOTTED_ORDER_LENGTH;
  const values = metadata === undefined ? [] : Object.values(metadata);
  return {
    dottedOrder: trace,
    project: run.project_name,
    address: run.address,
    metadata: metadata === undefined ? NOTHING : Object.entries(metadata).flat(),
    metadataJSON: values.some((value) => typeof value === 'object' && value !== null)
      ? toJSON(metadata)
      : undefined,
    tags: [...tags],
    set: isTooLong ? NO_HEADERS : isDottedOrder(trace) ? makeHeaderSet(trace, fields, settings) : undefined,
  };
}

function isCurrent(known: CachedHeaders, run: RunTreeLike): boolean {
  return (
    known.dottedOrder === run.dotted_order &&
    known.project === run.project_name &&
    known.address === run.address &&
    hasSameTags(known.tags, tagsOf(run)) &&
    hasSameMetadata(known, metadataOf(run))
  );
}

function hasSameTags(known: readonly unknown[], tags: readonly unknown[]): boolean {
  if (known.length !== tags.length) return false;
  for (let i = 0; i < tags.length; i++) if (known[i] !== tags[i]) return false;
  return true;
}

function hasSameMetadata(known: CachedHeaders, metadata: Record<string, unknown> | undefined): boolean {
  let i = 0;
  for (const name in metadata) {
    if (known.metadata[i] !== name || known.metadata[i + 1] !== metadata[name]) return false;
    i += 2;
  }
  if (i !== known.metadata.length) return false;
  return known.metadataJSON === undefined || known.metadataJSON === toJSON(metadata);
}

function metadataOf(run: RunTreeLike): Record<string, unknown> | undefined {
  const metadata = run.extra?.metadata;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
  if (hidesMetadata(run, process.env)) return undefined;
  return metadata as Record<string, unknown>;
}

function tagsOf(run: RunTreeLike): readonly unknown[] {
  return Array.isArray(run.tags) ? run.tags : NOTHING;
}

function toJSON(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // The metadata contains a cycle or a BigInt. Such metadata is not sent, so changes in it do not matter.
    return '';
  }
}
