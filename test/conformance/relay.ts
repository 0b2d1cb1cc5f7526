import { expect } from 'vitest';
import { type AppOptions, fixture, type Result, run } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';
import { startUpstream } from '../support/upstream.ts';

/** The service that passes on what it is asked, and asks itself with a trace and without. */
export const RELAY = fixture('conformance/relay.cjs');

/**
 * Runs a program that relays (fixtures/conformance/relay.cjs) to its end: what it was asked with a trace must be
 * passed on with it, over node:http and fetch, and what it was asked without one without.
 */
export async function expectRelayed(args: readonly string[], options: AppOptions = {}): Promise<Result> {
  const { result, seen, trace } = await relay(args, options);
  expect(result.code, result.stderr + result.stdout).toBe(0);
  expect(seen).toEqual([
    ['/http', trace],
    ['/fetch', trace],
    ['/http', undefined],
    ['/fetch', undefined],
  ]);
  return result;
}

/** Runs such a program; what came upstream, and with which trace. */
export async function relay(args: readonly string[], options: AppOptions = {}) {
  const upstream = await startUpstream();
  try {
    const trace = dottedOrder(2);
    const env = { TO: upstream.url, TRACE: trace, ...options.env };
    const result = await run(args, { ...options, env });
    const seen = upstream.arrived.map(({ url, headers }) => [url, headers['langsmith-trace']]);
    return { result, seen, trace };
  } finally {
    await upstream.close();
  }
}
