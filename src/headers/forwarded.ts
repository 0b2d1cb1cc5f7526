/** Removes those members of a `baggage` that an application only passes on from the request that it received. */
import { LANGSMITH_PREFIX, mayHoldMembers, nameOfMember, REPLICAS } from './members.ts';

/**
 * `baggage` without `langsmith-replicas`, and without those members of LangSmith's that came with `inbound`, in whichever
 * way their names and values are encoded. What is not taken out stays as it is written.
 *
 * @param inbound the header as it was received
 * @param prefix the start of the names of the members that may not be forwarded
 */
export function withoutForwarded(
  baggage: string,
  inbound: string | undefined,
  prefix = LANGSMITH_PREFIX,
): string {
  if (!mayHoldMembers(baggage)) return baggage;
  const came = new Set(inbound === undefined ? [] : inbound.split(',').map(normalForm));
  const members = baggage.split(',');
  const kept = members.filter((member) => {
    const name = nameOfMember(member);
    return !name.includes(REPLICAS) && !(name.startsWith(prefix) && came.has(normalForm(member)));
  });
  return kept.length === members.length ? baggage : kept.join(',').trim();
}

/**
 * The name and the value, without spaces, properties and percent-encoding. A plus sign counts as a space, because
 * another agent in the process may read one as the other.
 */
function normalForm(member: string): string {
  const [pair = ''] = member.split(';', 1);
  const equals = pair.indexOf('=');
  return equals === -1 ? decode(pair) : `${nameOfMember(pair)}=${decode(pair.slice(equals + 1))}`;
}

function decode(text: string): string {
  const trimmed = text.trim();
  try {
    return decodeURIComponent(trimmed).replaceAll('+', ' ');
  } catch {
    return trimmed;
  }
}
