/**
 * The `baggage` header (W3C Baggage) and LangSmith's members in it. Members of other vendors are never decoded, only
 * kept. `langsmith-replicas` is neither read nor written, because it controls where runs are sent (CVE-2026-25528) and
 * a caller must not control that.
 */
import { parseAddress } from './address.ts';

export interface BaggageFields {
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly project?: string | undefined;
  /** `lrn:agents/<id>/environments/<environment>`. */
  readonly address?: string | undefined;
}

/** The prefix of all of LangSmith's members. */
export const LANGSMITH_PREFIX = 'langsmith-';
const METADATA = 'langsmith-metadata';
const TAGS = 'langsmith-tags';
const PROJECT = 'langsmith-project';
const ADDRESS = 'langsmith-address';
export const REPLICAS = 'langsmith-replicas';

/** The longest header that is read, in characters: Node's default for all headers together, in HTTP/2. */
export const MAX_BAGGAGE_LENGTH = 65_536;

/** LangSmith's members as they are written in the header, each `name=value`; `''` if absent. */
export interface BaggageMembers {
  readonly metadata: string;
  readonly tags: string;
  /** The project, or else the address. */
  readonly destination: string;
}

const NO_MEMBERS: BaggageMembers = { metadata: '', tags: '', destination: '' };

/**
 * Reads LangSmith's members. Never throws: a member that is invalid or repeated is ignored.
 *
 * @see https://www.w3.org/TR/baggage/#header-content
 */
export function parseBaggage(header: unknown): BaggageFields {
  const values = valuesOf(header);
  if (values === undefined) return {};
  const project = readProject(decode(values.get(PROJECT)));
  return {
    metadata: readMetadata(decode(values.get(METADATA))),
    tags: readTags(decode(values.get(TAGS))),
    project,
    // The SDK rejects a header that names both. The project is used, because every version understands it.
    address: project === undefined ? readAddress(decode(values.get(ADDRESS))) : undefined,
  };
}

/** Formats the members as one header value, without spaces or properties; `''` if there are none. */
export function formatBaggage(fields: BaggageFields): string {
  const { metadata, tags, destination } = encodeMembers(fields);
  return joinMembers(joinMembers(metadata, tags), destination);
}

export function encodeMembers(fields: BaggageFields): BaggageMembers {
  const project = encode(fields.project);
  return {
    metadata: member(METADATA, encodeMetadata(fields.metadata)),
    tags: member(TAGS, encode(fields.tags?.filter((tag) => tag !== '').join(','))),
    destination:
      project === undefined ? member(ADDRESS, encode(readAddress(fields.address))) : member(PROJECT, project),
  };
}

/**
 * Returns the members of an inbound header that are relayed. They hold the same as `parseBaggage` reads, but a value
 * that is well written is kept unchanged. Encoding it again would cost three times as much, and a number could lose
 * digits.
 */
export function relayMembers(header: unknown): BaggageMembers {
  const values = valuesOf(header);
  if (values === undefined) return NO_MEMBERS;
  const relay = <T>(
    name: string,
    read: (text: string | undefined) => T | undefined,
    write: (value: T) => string | undefined,
  ): string => {
    const raw = values.get(name);
    const text = decode(raw);
    const value = read(text);
    if (raw === undefined || text === undefined || value === undefined) return '';
    return member(name, isWellWritten(raw, text, value) ? raw : write(value));
  };
  return {
    metadata: relay(METADATA, readMetadata, encodeMetadata),
    tags: relay(TAGS, readTags, (tags) => encode(tags.join(','))),
    destination: relay(PROJECT, readProject, encode) || relay(ADDRESS, readAddress, encode),
  };
}

export function joinMembers(first: string, second: string): string {
  return first === '' ? second : second === '' ? first : `${first},${second}`;
}

/** The values of LangSmith's members, without spaces or properties. A repeated member has the value `undefined`. */
function valuesOf(header: unknown): Map<string, string | undefined> | undefined {
  if (typeof header !== 'string' || header.length > MAX_BAGGAGE_LENGTH || !header.includes(LANGSMITH_PREFIX))
    return undefined;
  const values = new Map<string, string | undefined>();
  for (const text of header.split(',')) {
    const equals = text.indexOf('=');
    if (equals === -1) continue;
    const key = text.slice(0, equals).trim();
    if (!key.startsWith(LANGSMITH_PREFIX)) continue;
    const properties = text.indexOf(';', equals);
    const value = properties === -1 ? text.slice(equals + 1) : text.slice(equals + 1, properties);
    values.set(key, values.has(key) ? undefined : value.trim());
  }
  return values;
}

/** Whether a value is encoded as `encodeURIComponent` encodes it, and nothing of it was dropped when it was read. */
function isWellWritten(raw: string, text: string, value: unknown): boolean {
  if (/[^\w.!~*'()%-]/.test(raw)) return false;
  if (Array.isArray(value)) return value.join(',') === text;
  return typeof value === 'string' || !mayNamePrototype(text);
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name}=${value}`;
}

/**
 * Returns our members first, followed by the other members as they are written. Ours come first and without a space,
 * because the parsers of the SDKs overlook a member after `, `, and Python's stops at a member without `=`.
 */
export function mergeBaggage(ours: string, existing: string): string {
  const others = existing.split(',').filter((member) => !isLangSmithMember(member) && member.trim() !== '');
  if (others.length === 0) return ours;
  const rest = others.join(',').trim();
  return ours === '' ? rest : `${ours},${rest}`;
}

/** Whether a header holds a member of LangSmith's. */
export function holdsMembers(header: string): boolean {
  return mayHoldMembers(header) && header.split(',').some(isLangSmithMember);
}

/** `false` where no member can be LangSmith's: without a look at each. */
export function mayHoldMembers(header: string): boolean {
  return header.includes(LANGSMITH_PREFIX) || header.includes('%');
}

function isLangSmithMember(member: string): boolean {
  const name = nameOfMember(member);
  return name.startsWith(LANGSMITH_PREFIX) || name.includes(REPLICAS);
}

/**
 * Without spaces and percent-encoding: OpenTelemetry's propagators decode the name of a member that they pass on, so
 * `langsmith%2Dreplicas` arrives behind them as `langsmith-replicas`.
 */
export function nameOfMember(member: string): string {
  const name = member.split('=', 1)[0] as string;
  return (decode(name) ?? name).trim();
}

function decode(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    // A percent sequence is invalid, so this member counts as absent.
    return undefined;
  }
}

function encode(value: string | undefined): string | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  try {
    return encodeURIComponent(value);
  } catch {
    // The value contains a lone surrogate.
    return undefined;
  }
}

function encodeMetadata(metadata: Readonly<Record<string, unknown>> | undefined): string | undefined {
  if (metadata === undefined) return undefined;
  try {
    const json = JSON.stringify(metadata);
    return json === undefined || json === '{}' || !json.startsWith('{')
      ? undefined
      : encodeURIComponent(json);
  } catch {
    // The metadata contains a cycle or a BigInt, or a toJSON throws.
    return undefined;
  }
}

function readMetadata(value: string | undefined): Record<string, unknown> | undefined {
  if (value === undefined) return undefined;
  try {
    const metadata: unknown = JSON.parse(value, mayNamePrototype(value) ? withoutPrototype : undefined);
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
    return Object.keys(metadata).length === 0 ? undefined : (metadata as Record<string, unknown>);
  } catch {
    // The value is not JSON, so this member counts as absent.
    return undefined;
  }
}

/**
 * Removes an own `__proto__`, which JSON can carry. It would become a prototype in code that copies it by assignment.
 */
function withoutPrototype(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}

/** Whether the text contains the name, or escapes that may spell it. */
function mayNamePrototype(json: string): boolean {
  return json.includes('__proto__') || json.includes('\\u');
}

function readTags(value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  const tags = value.split(',').filter((tag) => tag !== '');
  return tags.length === 0 ? undefined : tags;
}

function readProject(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

function readAddress(value: string | undefined): string | undefined {
  return value !== undefined && parseAddress(value) !== undefined ? value : undefined;
}
