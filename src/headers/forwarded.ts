/** Finds the members that an application forwards from the inbound `baggage`. */
import { LANGSMITH_PREFIX } from './baggage.ts';

const REPLICAS = 'langsmith-replicas';

/**
 * Returns `baggage` without `langsmith-replicas`, and without those of LangSmith's members that are also in `inbound`,
 * in whichever way their values are encoded. The other members stay as they are written.
 *
 * @param inbound the header as it was received; `undefined` if its members may be forwarded
 */
export function withoutForwarded(baggage: string, inbound: string | undefined): string {
  if (!baggage.includes(LANGSMITH_PREFIX)) return baggage;
  const came = new Set(inbound === undefined ? [] : inbound.split(',').map(normalForm));
  const members = baggage.split(',');
  const kept = members.filter((member) => {
    const name = nameOf(member);
    return name !== REPLICAS && !(name.startsWith(LANGSMITH_PREFIX) && came.has(normalForm(member)));
  });
  return kept.length === members.length ? baggage : kept.join(',').trim();
}

function nameOf(member: string): string {
  return decode(member.split('=', 1)[0] as string);
}

/** The name and the value, without spaces, properties and percent-encoding. */
function normalForm(member: string): string {
  const [pair = ''] = member.split(';', 1);
  const equals = pair.indexOf('=');
  return equals === -1 ? decode(pair) : `${nameOf(pair)}=${decode(pair.slice(equals + 1))}`;
}

function decode(text: string): string {
  const trimmed = text.trim();
  try {
    return decodeURIComponent(trimmed);
  } catch {
    return trimmed;
  }
}
