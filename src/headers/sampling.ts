/**
 * Propagates the decision not to sample a trace. Without it, each called service would begin a trace of its own. The
 * decision is sent as a member of `baggage`, without `langsmith-trace`:
 *
 *     baggage: langsmith-sampled=false
 *
 * The SDKs read `baggage` only together with `langsmith-trace`, so a service without the agent behaves as it would
 * without this member. If a request has both headers, the trace takes precedence.
 */
import { FORM, type HeaderSet } from './trace-headers.ts';

const NAME = 'langsmith-sampled';
const MEMBER = `${NAME}=false`;

/** The headers of a trace that was not sampled. */
export const LEFT_OUT: HeaderSet = {
  trace: '',
  baggages: [MEMBER, MEMBER, MEMBER, MEMBER],
  first: FORM.everything,
};

/** Whether the sender of a request did not sample its trace. */
export function saysLeftOut(baggage: unknown): boolean {
  if (typeof baggage !== 'string' || !baggage.includes(NAME)) return false;
  return baggage.split(',').some((member) => {
    const [pair = ''] = member.split(';', 1);
    return pair.trim() === MEMBER;
  });
}
