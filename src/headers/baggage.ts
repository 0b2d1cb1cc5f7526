/**
 * The fields of a run that travel in `baggage`: metadata, tags, and the project or address. `langsmith-replicas` is
 * neither read nor written, because it controls where runs are sent (CVE-2026-25528) and a caller must not control that.
 */
import { parseAddress } from './address.ts';
import { joinMembers, readMembers, textOf } from './members.ts';

export interface BaggageFields {
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly project?: string | undefined;
  /** `lrn:agents/<id>/environments/<environment>`. */
  readonly address?: string | undefined;
}

const METADATA = 'langsmith-metadata';
const TAGS = 'langsmith-tags';
const PROJECT = 'langsmith-project';
const ADDRESS = 'langsmith-address';

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
  const members = readMembers(header);
  if (members === undefined) return {};
  const project = readProject(textOf(members, PROJECT));
  return {
    metadata: readMetadata(textOf(members, METADATA)),
    tags: readTags(textOf(members, TAGS)),
    project,
    // The SDK rejects a header that names both. The project is used, because every version understands it.
    address: project === undefined ? readAddress(textOf(members, ADDRESS)) : undefined,
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
 * that is well written is kept unchanged, because encoding it again would cost three times as much. A value that
 * another service has encoded in its own way is encoded again from its text: a number could lose digits otherwise.
 */
export function relayMembers(header: unknown): BaggageMembers {
  const members = readMembers(header);
  if (members === undefined) return NO_MEMBERS;
  const relay = <T>(
    name: string,
    read: (text: string | undefined) => T | undefined,
    write: (value: T) => string | undefined,
  ): string => {
    const raw = members.values.get(name);
    const text = textOf(members, name);
    const value = read(text);
    if (raw === undefined || text === undefined || value === undefined) return '';
    if (!isWhole(text, value)) return member(name, write(value));
    return member(name, isWellWritten(raw) ? raw : encode(text));
  };
  return {
    metadata: relay(METADATA, readMetadata, encodeMetadata),
    tags: relay(TAGS, readTags, (tags) => encode(tags.join(','))),
    destination: relay(PROJECT, readProject, encode) || relay(ADDRESS, readAddress, encode),
  };
}

/** Whether a value is encoded as `encodeURIComponent` encodes it. */
function isWellWritten(raw: string): boolean {
  return !/[^\w.!~*'()%-]|%(?![\da-f]{2})/i.test(raw);
}

/** Whether nothing of the text was dropped when it was read. */
function isWhole(text: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.join(',') === text;
  return typeof value === 'string' || !mayNamePrototype(text);
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `${name}=${value}`;
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
  return tags.join('').trim() === '' ? undefined : tags;
}

function readProject(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

function readAddress(value: string | undefined): string | undefined {
  return value !== undefined && parseAddress(value) !== undefined ? value : undefined;
}
