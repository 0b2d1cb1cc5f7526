import type { RunFields } from './operations.ts';
import { dottedOrderTime, parseTime } from './time.ts';
import type { CollectedRun } from './types.ts';

/** Merges the fields of two operations on a run. A field of `over` replaces the field of `under`. */
export function mergeFields(under: RunFields | undefined, over: RunFields | undefined): RunFields {
  // Fields that are `null`, such as `error: null`, carry no new value.
  const said = Object.entries(over ?? {}).filter(([, value]) => value != null);
  const merged: RunFields = { ...under, ...Object.fromEntries(said) };
  if (isObject(under?.extra) && isObject(over?.extra)) {
    const metadata = { ...asObject(under.extra.metadata), ...asObject(over.extra.metadata) };
    merged.extra = { ...under.extra, ...over.extra, metadata };
  }
  return merged;
}

/**
 * Completes the fields of a run that `POST /runs` received without a dotted order, as LangSmith does.
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

/** @param arrival milliseconds since the epoch; used as the start time if the run has none */
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
