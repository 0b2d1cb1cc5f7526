import { randomUUID } from 'node:crypto';
import type { Part } from './multipart.ts';
import { RequestRefused } from './request-refused.ts';

/** The fields of a run under LangSmith's own names: `trace_id`, `dotted_order`, `session_name`, ... */
export type RunFields = Record<string, unknown>;

/** One run that a request creates (`post`) or updates (`patch`). */
export interface RunOperation {
  readonly action: 'post' | 'patch';
  readonly id: string;
  readonly fields: RunFields;
}

interface PartialOperation extends RunOperation {
  fields: RunFields;
  /** Whether the part that holds the run itself has arrived. */
  complete: boolean;
}

const RUN_PART = /^(post|patch)\.([^.]+)(?:\.(inputs|outputs|events|extra|error|serialized))?$/;
const ATTACHMENT_PART = /^attachment\.[^.]+\..+$/;
const FEEDBACK_PART = /^feedback\..+$/;

/**
 * Reads the parts of `POST /runs/multipart`. Part `post.<id>` or `patch.<id>` holds the run, and large fields have
 * their own parts (`post.<id>.inputs`). Attachments and feedback are accepted, but not kept.
 */
export function operationsFromParts(parts: readonly Part[]): RunOperation[] {
  const operations = new Map<string, PartialOperation>();
  for (const part of parts) {
    if (ATTACHMENT_PART.test(part.name)) continue;
    const value = parseJSON(part.text, `part ${quote(part.name)}`);
    if (FEEDBACK_PART.test(part.name)) continue;

    const [, action, id, field] = RUN_PART.exec(part.name) ?? [];
    if (!id) throw new RequestRefused(400, `unknown part ${quote(part.name)}`);
    const key = `${action}.${id.toLowerCase()}`;
    let operation = operations.get(key);
    if (!operation) {
      operation = { action: action as 'post' | 'patch', id: id.toLowerCase(), fields: {}, complete: false };
      operations.set(key, operation);
    }
    if (field) {
      operation.fields[field] = value;
    } else {
      operation.fields = { ...operation.fields, ...asFields(value, `part ${quote(part.name)}`) };
      operation.complete = true;
    }
  }
  for (const [key, operation] of operations) {
    if (!operation.complete) throw new RequestRefused(400, `parts of ${quote(key)} without the run itself`);
    assertSameId(operation.id, operation.fields);
  }
  return [...operations.values()];
}

/** Reads the body of `POST /runs/batch`: `{"post": [run, ...], "patch": [run, ...]}`. */
export function operationsFromBatch(body: Buffer): RunOperation[] {
  const batch = asFields(parseJSON(body.toString(), 'the batch'), 'the batch');
  return (['post', 'patch'] as const).flatMap((action) => {
    const runs = batch[action] ?? [];
    if (!Array.isArray(runs)) throw new RequestRefused(400, `${quote(action)} of the batch is not an array`);
    return runs.map((run: unknown) => {
      const fields = asFields(run, `a run in ${quote(action)} of the batch`);
      return { action, id: idOf(fields), fields };
    });
  });
}

/** Reads the body of `POST /runs`, where the server assigns the id if there is none, or of `PATCH /runs/:id`. */
export function operationFromRun(action: 'post' | 'patch', body: Buffer, id?: string): RunOperation {
  const fields = asFields(parseJSON(body.toString(), 'the run'), 'the run');
  if (id !== undefined) assertSameId(id, fields);
  return { action, id: id?.toLowerCase() ?? idOf({ id: randomUUID(), ...fields }), fields };
}

function parseJSON(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RequestRefused(400, `${what} is not JSON: ${(error as Error).message}`);
  }
}

function asFields(value: unknown, what: string): RunFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RunFields;
  throw new RequestRefused(400, `${what} is not a JSON object`);
}

function idOf(fields: RunFields): string {
  if (typeof fields.id === 'string') return fields.id.toLowerCase();
  throw new RequestRefused(400, 'a run has no id');
}

function assertSameId(id: string, fields: RunFields): void {
  if (fields.id == null || String(fields.id).toLowerCase() === id.toLowerCase()) return;
  throw new RequestRefused(400, `run ${quote(id)} says that its id is ${quote(String(fields.id))}`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text);
}
