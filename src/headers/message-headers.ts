/**
 * Reads the two headers from the objects in which frameworks and message brokers hand out headers. The forms are told
 * apart by their shape, because no library must be loaded for it:
 *
 * | form | where it comes from |
 * |---|---|
 * | an object of names and values | `req.headers`, kafkajs, AMQP, `_meta` of MCP |
 * | the same with `{ StringValue }`, `{ stringValue }` or `{ Value }` as values | SQS, Lambda for SQS, SNS |
 * | an object with a `get` method | `Headers`, `Map`, NATS, gRPC metadata |
 * | pairs of a name and a value | `Object.entries(headers)` |
 * | names and values in turn | `req.rawHeaders` |
 * | objects with one name and its value each | node-rdkafka, Lambda for Kafka |
 * | an object with `headers` or `multiValueHeaders` | events of API Gateway and of load balancers |
 *
 * A value is a text, bytes, or a list of such values.
 */
import { BAGGAGE_HEADER, isNamed, TRACE_HEADER } from './names.ts';

export interface MessageHeaders {
  /** An array if the header is repeated; it is not valid then. */
  readonly trace: string | readonly string[] | undefined;
  readonly baggage: string | undefined;
}

/** Returns the value of a header, or a list of its values. `name` is lower case. */
type Find = (name: string) => unknown;
type ObjectLike = Readonly<Record<string, unknown>>;

/**
 * @returns `undefined` if the source is of none of the forms
 * @throws what a getter or a method of the source throws
 */
export function readMessageHeaders(source: unknown): MessageHeaders | undefined {
  const find = finderOf(source);
  if (find === undefined) return undefined;
  const traces = textsOf(find(TRACE_HEADER));
  const baggages = textsOf(find(BAGGAGE_HEADER));
  return {
    trace: traces.length > 1 ? traces : traces[0],
    // The members of a repeated `baggage` form one list.
    baggage: baggages.length === 0 ? undefined : baggages.join(','),
  };
}

function finderOf(source: unknown): Find | undefined {
  const find = finderOfHeaders(source);
  if (find !== undefined || !isObject(source)) return find;
  const isRecord = [TRACE_HEADER, BAGGAGE_HEADER].some((name) => keyOf(source, name) !== undefined);
  return (name) => (isRecord ? inRecord(source, name) : inEvent(source, name));
}

/** Finds headers in forms that are told from an object of names and values by their type. */
function finderOfHeaders(source: unknown): Find | undefined {
  if (Array.isArray(source)) return (name) => inList(source, name);
  return isCollection(source) ? (name) => inCollection(source, name) : undefined;
}

/** API Gateway gives each header once in `headers`, and with all its values in `multiValueHeaders`. */
function inEvent(event: ObjectLike, name: string): unknown {
  const all = event['multiValueHeaders'];
  const values = isObject(all) ? inRecord(all, name) : undefined;
  if (values !== undefined) return values;
  const { headers } = event;
  return isObject(headers) ? (finderOfHeaders(headers)?.(name) ?? inRecord(headers, name)) : undefined;
}

interface Collection {
  get(name: string): unknown;
  readonly [Symbol.iterator]?: () => Iterator<unknown>;
}

function isCollection(source: unknown): source is Collection {
  return isObject(source) && typeof source['get'] === 'function';
}

/** `Map` and the headers of NATS distinguish the letter case in `get`, so their entries are compared instead. */
function inCollection(source: Collection, name: string): unknown {
  if (typeof source[Symbol.iterator] !== 'function') return source.get(name);
  const values = inList([...(source as Iterable<unknown>)], name);
  return values.length > 0 ? values : source.get(name);
}

function inList(list: readonly unknown[], name: string): unknown[] {
  if (isText(list[0])) return list.filter((_, i) => i % 2 === 1 && isNamed(decoded(list[i - 1]), name));
  return list.flatMap((entry) => {
    if (Array.isArray(entry)) return isNamed(decoded(entry[0]), name) ? [entry[1]] : [];
    return isObject(entry) ? [inRecord(entry, name)] : [];
  });
}

function inRecord(record: ObjectLike, name: string): unknown {
  const key = keyOf(record, name);
  return key === undefined ? undefined : record[key];
}

function keyOf(record: ObjectLike, name: string): string | undefined {
  return name in record ? name : Object.keys(record).find((key) => isNamed(key, name));
}

/** kafkajs hands out lists of values, which stand in a list of the values of a name. A list in a value of those has no form. */
const MAX_DEPTH = 3;

/** Returns the texts of a value. An empty text counts as absent: it is what NATS returns for an absent header. */
function textsOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (ArrayBuffer.isView(value)) return textsOf(decoded(value));
  if (Array.isArray(value)) {
    const values: readonly unknown[] = value;
    if (areBytes(values)) return textsOf(decoded(Uint8Array.from(values as number[])));
    return depth === MAX_DEPTH ? [] : values.flatMap((one) => textsOf(one, depth + 1));
  }
  if (!isObject(value) || depth === MAX_DEPTH) return [];
  return textsOf(value['StringValue'] ?? value['stringValue'] ?? value['Value'], depth + 1);
}

/** Lambda hands out the bytes of Kafka's headers as an array of numbers. */
function areBytes(values: readonly unknown[]): boolean {
  return values.length > 0 && values.every((value) => typeof value === 'number');
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || ArrayBuffer.isView(value);
}

function decoded(value: unknown): unknown {
  return ArrayBuffer.isView(value) ? new TextDecoder('latin1').decode(value as Uint8Array) : value;
}

function isObject(value: unknown): value is ObjectLike {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}
