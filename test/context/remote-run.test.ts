import { describe, expect, it } from 'vitest';
import { RemoteRun } from '../../src/context/remote-run.ts';
import { contentOf } from '../support/header-set.ts';
import { dottedOrder } from '../support/trace.ts';

const SETTINGS = { maxHeaderBytes: 8192, traceInBaggage: false };

function relayed(baggage: string | undefined) {
  const trace = dottedOrder();
  const { full, dropped } = contentOf(new RemoteRun(trace, baggage).relayHeaders(SETTINGS));
  return { baggage: full?.baggage, isSent: full?.trace === trace, dropped };
}

const withMetadata = (length: number) =>
  `langsmith-metadata=${encodeURIComponent(JSON.stringify({ text: 'x'.repeat(length) }))},langsmith-project=p`;

describe('the headers of a caller’s run, passed on', () => {
  it('are the same for each request that it sends', () => {
    const baggage = withMetadata(10);
    expect(relayed(baggage)).toEqual({ baggage, isSent: true, dropped: 'nothing' });
    expect(relayed(`vendor=1, ${baggage}`).baggage).toBe(baggage);
    expect(relayed(baggage)).toEqual({ baggage, isSent: true, dropped: 'nothing' });
    expect(relayed(undefined)).toEqual({ baggage: '', isSent: true, dropped: 'nothing' });
  });

  // More than HTTP/1 takes unless told otherwise; HTTP/2 takes four times as much.
  it.each([8_300, 17_000, 60_000])('keep the project beside metadata of %i characters', (length) => {
    const expected = { baggage: 'langsmith-project=p', isSent: true, dropped: 'metadata' };
    expect(relayed(withMetadata(length))).toEqual(expected);
    expect(relayed(withMetadata(length))).toEqual(expected);
  });

  it('are not sent if the project is unknown', () => {
    expect(relayed(withMetadata(65_536))).toEqual({
      baggage: undefined,
      isSent: false,
      dropped: 'everything',
    });
  });
});
