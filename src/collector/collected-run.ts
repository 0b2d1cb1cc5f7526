import type { RunFields } from './operations.ts';
import { dottedOrderTime, parseTime } from './time.ts';
import type { CollectedRun } from './types.ts';

/** `under` with what `over` says over it: a run's post and its patches, or two patches. */
export function mergeFields(under: RunFields | undefined, over: RunFields | undefined): RunFields {
  // `error: null` and the like say nothing new.
  const said = Object.entries(over ?? {}).filter(([, value]) => value != null);
  const merged: RunFields = { ...under, ...Object.fromEntries(said) };
  if (isObject(under?.extra) && isObject(over?.extra)) {
    const metadata = { ...asObject(under.extra.metadata), ...asObject(over.extra.metadata) };
    merged.extra = { ...under.extra, ...over.extra, metadata };
  }
  return merged;
}

/**
 * The fields of a run that `POST /runs` got without a dotted order, completed as the server does it.
 *
 * @param parent the run's parent, if it is known yet
 */
export function withDottedOrder(id: string, fields: RunFields, parent: CollectedRun | undefined): RunFields {
  if (fields.dotted_order != null) return fields;
  const segment = `${dottedOrderTime(parseTime(fields.start_time) ?? Date.now())}${id}`;
  return {
    ...fields,
    trace_id: parent?.traceId ?? fields.trace_id ?? id,
    dotted_order: parent ? `${parent.dottedOrder}.${segment}` : segment,
  };
}

/** @param arrival milliseconds since the epoch, for a run that does not say when it started */
export function toCollectedRun(
  id: string,
  fields: RunFields,
  service: string | undefined,
  arrival: number,
): CollectedRun {
  const run: CollectedRun = {
    id,
    traceId: asText(fields.trace_id)?.toLowerCase() ?? id,
    dottedOrder: asText(fields.dotted_order) ?? '',
    name: asText(fields.name) ?? '',
    runType: asText(fields.run_type) ?? '',
    startTime: parseTime(fields.start_time) ?? arrival,
    metadata: { ...asObject(asObject(fields.extra).metadata) },
    tags: Array.isArray(fields.tags) ? fields.tags.map((tag) => asText(tag) ?? '') : [],
  };
  const optional = {
    parentRunId: asText(fields.parent_run_id)?.toLowerCase(),
    project: asText(fields.session_name) ?? asText(fields.session_id) ?? asText(fields.address),
    service,
    endTime: parseTime(fields.end_time),
    error: asText(fields.error),
    inputs: fields.inputs ?? undefined,
    outputs: fields.outputs ?? undefined,
    events: Array.isArray(fields.events) ? fields.events : undefined,
    extra: fields.extra ?? undefined,
  };
  return Object.assign(
    run,
    Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  );
}

function asText(value: unknown): string | undefined {
  if (value == null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is RunFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asObject(value: unknown): RunFields {
  return isObject(value) ? value : {};
}
