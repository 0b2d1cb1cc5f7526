/**
 * The `baggage` header (W3C Baggage) and the members that LangSmith keeps in it. Other vendors' members are
 * never decoded, only kept. `langsmith-replicas` is neither read nor written: it says where runs are sent to
 * (CVE-2026-25528), and that is no caller's business.
 */
import { parseAddress } from './address.ts';

export interface BaggageFields {
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly project?: string | undefined;
  /** `lrn:agents/<id>/environments/<environment>`. */
  readonly address?: string | undefined;
}

const PREFIX = 'langsmith-';
const METADATA = 'langsmith-metadata';
const TAGS = 'langsmith-tags';
const PROJECT = 'langsmith-project';
const ADDRESS = 'langsmith-address';

/** What the whole header may measure to be read at all; Node's own limit for all headers together. */
const MAX_LENGTH = 16_384;

/**
 * Reads LangSmith's members. Never throws: a member that is not valid, or that comes twice, is left out.
 *
 * @see https://www.w3.org/TR/baggage/#header-content
 */
export function parseBaggage(header: unknown): BaggageFields {
  if (typeof header !== 'string' || header.length > MAX_LENGTH || !header.includes(PREFIX)) return {};
  const values = new Map<string, string | undefined>();
  for (const member of header.split(',')) {
    const equals = member.indexOf('=');
    if (equals === -1) continue;
    const key = member.slice(0, equals).trim();
    if (!key.startsWith(PREFIX)) continue;
    values.set(key, values.has(key) ? undefined : decode(member.slice(equals + 1)));
  }
  const project = readProject(values.get(PROJECT));
  return {
    metadata: readMetadata(values.get(METADATA)),
    tags: readTags(values.get(TAGS)),
    project,
    // The SDK refuses a header that names both; the project is what every version understands.
    address: project === undefined ? readAddress(values.get(ADDRESS)) : undefined,
  };
}

/** The members as one header value, without spaces or properties; `''` where there is nothing to say. */
export function formatBaggage(fields: BaggageFields): string {
  const members: string[] = [];
  const metadata = fields.metadata === undefined ? undefined : encodeMetadata(fields.metadata);
  if (metadata !== undefined) members.push(`${METADATA}=${metadata}`);
  const tags = encode(fields.tags?.filter((tag) => tag !== '').join(','));
  if (tags !== undefined) members.push(`${TAGS}=${tags}`);
  const project = encode(fields.project);
  const address = encode(readAddress(fields.address));
  if (project !== undefined) members.push(`${PROJECT}=${project}`);
  else if (address !== undefined) members.push(`${ADDRESS}=${address}`);
  return members.join(',');
}

/**
 * Our members first, then the others' as they stand. Ours come first and without a space because the SDKs'
 * parsers overlook a member behind `, `, and Python's stops at a member without `=`.
 */
export function mergeBaggage(ours: string, existing: string): string {
  const others = existing.split(',').filter((member) => !isLangSmithMember(member) && member.trim() !== '');
  if (others.length === 0) return ours;
  const rest = others.join(',').trim();
  return ours === '' ? rest : `${ours},${rest}`;
}

function isLangSmithMember(member: string): boolean {
  return member.trimStart().startsWith(PREFIX);
}

function decode(raw: string): string | undefined {
  const properties = raw.indexOf(';');
  const value = (properties === -1 ? raw : raw.slice(0, properties)).trim();
  try {
    return decodeURIComponent(value);
  } catch {
    // A bad percent sequence: this member is not there.
    return undefined;
  }
}

function encode(value: string | undefined): string | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  try {
    return encodeURIComponent(value);
  } catch {
    // A lone surrogate.
    return undefined;
  }
}

function encodeMetadata(metadata: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const json = JSON.stringify(metadata);
    return json === undefined || json === '{}' || !json.startsWith('{')
      ? undefined
      : encodeURIComponent(json);
  } catch {
    // A cycle, a BigInt, a toJSON that throws.
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
    // Not JSON: this member is not there.
    return undefined;
  }
}

/** An own `__proto__`, which JSON can carry, becomes a prototype wherever somebody copies it by assignment. */
function withoutPrototype(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value;
}

/** By its letters, or by escapes that may spell it. */
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
