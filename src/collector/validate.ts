import { isDottedOrder, runIdOf, toISOTime, traceIdOf } from '../headers/dotted-order.ts';
import type { RunOperation } from './operations.ts';
import { parseTime } from './time.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const TEXTS = ['name', 'run_type', 'session_name', 'session_id', 'error'];

/** The length of the time at the start of a segment of a dotted order. */
const TIME_LENGTH = 22;

/**
 * Returns LangSmith's reason to refuse a run, or `undefined`. The wording is close to LangSmith's answers as users
 * report them (langsmith-sdk issues 751 and 2236, langchainjs issue 9077).
 *
 * @param dottedOrderRequired true for the endpoints that accept many runs; `POST /runs` and `PATCH /runs/:id` compute
 *   a missing dotted order
 */
export function findFault(operation: RunOperation, dottedOrderRequired: boolean): string | undefined {
  const { id, fields } = operation;
  if (!isUUID(id)) return `id ${shown(id)} is not a UUID`;
  const { trace_id: traceId, parent_run_id: parentId, start_time: startTime, end_time: endTime } = fields;
  if (!isAbsentOr(traceId, isUUID)) return `trace_id ${shown(traceId)} is not a UUID for run_id:${id}`;
  if (!isAbsentOr(parentId, isUUID)) return `parent_run_id ${shown(parentId)} is not a UUID for run_id:${id}`;
  for (const name of TEXTS) {
    if (!isAbsentOr(fields[name], isText)) return `${name} is no text for run_id:${id}`;
  }
  if (!isAbsentOr(startTime, isTime)) return `start_time ${shown(startTime)} is no time for run_id:${id}`;
  if (!isAbsentOr(endTime, isTime)) return `end_time ${shown(endTime)} is no time for run_id:${id}`;
  if (fields.dotted_order != null) return findDottedOrderFault(operation);
  return dottedOrderRequired ? `there is no dotted_order for run_id:${id}` : undefined;
}

function findDottedOrderFault({ id, fields }: RunOperation): string | undefined {
  const { dotted_order: dottedOrder, trace_id: traceId, parent_run_id: parentId } = fields;
  const fault = (what: string) =>
    `invalid 'dotted_order': ${what} for run_id:${id} trace_id:${shown(traceId)} ` +
    `dotted_order:${shown(dottedOrder)} parent_run_id:${shown(parentId)}`;

  if (typeof dottedOrder !== 'string') return fault('dotted_order is not a string');
  if (!isDottedOrder(dottedOrder)) return fault('dotted_order is malformed');
  const segments = dottedOrder.toLowerCase().split('.');

  if (traceId != null && lower(traceId) !== traceIdOf(dottedOrder).toLowerCase()) {
    return fault('trace_id does not match first part of dotted_order');
  }
  if (id !== runIdOf(dottedOrder).toLowerCase())
    return fault('run_id does not match last part of dotted_order');
  if (parentId == null && segments.length > 1) {
    return fault('dotted_order must contain a single part for root runs');
  }
  if (parentId != null && segments.length === 1) {
    return fault('dotted_order must contain at least two parts for child runs');
  }
  if (parentId != null && lower(parentId) !== segments.at(-2)?.slice(TIME_LENGTH)) {
    return fault('parent_run_id does not match penultimate part of dotted_order');
  }
  const times = segments.map((segment) => segment.slice(0, TIME_LENGTH));
  const early = times.findIndex((time, index) => time < (times[index - 1] ?? ''));
  if (early === -1) return undefined;
  const [parentTime = '', time = ''] = times.slice(early - 1).map(toISOTime);
  return fault(`dotted_order has timestamp ${time} earlier than parent timestamp ${parentTime}`);
}

function isAbsentOr(value: unknown, is: (value: unknown) => boolean): boolean {
  return value == null || is(value);
}

function isUUID(value: unknown): boolean {
  return typeof value === 'string' && UUID.test(value.toLowerCase());
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTime(value: unknown): boolean {
  return parseTime(value) !== undefined;
}

function lower(value: unknown): string {
  return String(value).toLowerCase();
}

function shown(value: unknown): string {
  if (value == null) return 'none';
  const text = typeof value === 'object' ? 'an object' : String(value);
  return text.length > 300 ? `${text.slice(0, 300)}...` : text;
}
