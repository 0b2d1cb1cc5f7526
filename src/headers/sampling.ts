/**
 * One decision for a trace: a service that has not sampled a trace says so to the services that it calls, since they
 * would each begin a trace of their own. The decision travels as a member of `baggage`, without `langsmith-trace`:
 *
 *     baggage: langsmith-sampled=false
 *
 * The SDKs read `baggage` only beside `langsmith-trace`, so a service without the agent sees what it would see without
 * this member. Where a request has both, the trace counts.
 */
import { FORM, type HeaderSet } from './trace-headers.ts';

const NAME = 'langsmith-sampled';
const MEMBER = `${NAME}=false`;

/** The headers of a trace that was not sampled. */
export const LEFT_OUT: HeaderSet = { trace: '', baggages: [MEMBER, MEMBER, MEMBER], first: FORM.everything };

/** Whether a request comes from a trace that was not sampled. */
export function saysLeftOut(baggage: unknown): boolean {
  if (typeof baggage !== 'string' || !baggage.includes(NAME)) return false;
  return baggage.split(',').some((member) => {
    const [pair = ''] = member.split(';', 1);
    return pair.trim() === MEMBER;
  });
}
