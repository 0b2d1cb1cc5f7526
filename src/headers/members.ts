/**
 * The list of members in a `baggage` header (W3C Baggage), and LangSmith's members in it. Members of other vendors are
 * never decoded, only kept.
 */

/** The prefix of all of LangSmith's members. */
export const LANGSMITH_PREFIX = 'langsmith-';
export const REPLICAS = 'langsmith-replicas';

/** The longest header that is read, in characters: Node's default for all headers together, in HTTP/2. */
export const MAX_BAGGAGE_LENGTH = 65_536;

/** LangSmith's members of one header. */
export interface Members {
  /** The values as they are written, without spaces or properties. A repeated member has the value `undefined`. */
  readonly values: ReadonlyMap<string, string | undefined>;
  readonly encoding: Encoding;
}

/**
 * How the values are encoded. Services that pass `baggage` on decode the values and encode them in their own way:
 *
 * - `component`: by `encodeURIComponent`, as the SDKs write them.
 * - `form`: as HTML forms are encoded, with a plus sign for a space. OpenTelemetry for Python does that. A plus sign
 *   itself is `%2B` then, as the SDKs write it.
 * - `bare`: only some characters are encoded. Datadog's agents leave braces, colons, plus and percent signs as they are.
 */
type Encoding = 'component' | 'form' | 'bare';

/** Any character that both other encodings replace. */
const BARE = /[^\w.!~*'()%+-]/;
/** The characters that the encoding of forms leaves, and percent sequences other than that of a space. */
const FORM = /^(?:[\w*.~+-]|%(?!20))*$/;
const LONE_PERCENT = /%(?![\da-f]{2})/gi;

/** Reads LangSmith's members. Returns `undefined` if there are none, and never throws. */
export function readMembers(header: unknown): Members | undefined {
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
  return { values, encoding: encodingOf([...values.values()].join('')) };
}

/** One service has encoded all of the values, so each tells about the others. */
function encodingOf(values: string): Encoding {
  if (BARE.test(values)) return 'bare';
  return values.includes('+') && FORM.test(values) ? 'form' : 'component';
}

/** The decoded value of a member. `undefined` if the member is absent, repeated or not validly encoded. */
export function textOf({ values, encoding }: Members, name: string): string | undefined {
  const value = values.get(name);
  if (encoding === 'form') return decode(value?.replaceAll('+', '%20'));
  return decode(encoding === 'bare' ? value?.replace(LONE_PERCENT, '%25') : value);
}

export function joinMembers(first: string, second: string): string {
  return first === '' ? second : second === '' ? first : `${first},${second}`;
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
 * Returns the name without spaces and percent-encoding. OpenTelemetry's propagators decode the name of a member that they
 * pass on, so `langsmith%2Dreplicas` arrives behind them as `langsmith-replicas`.
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
