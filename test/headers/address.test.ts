import { AgentAddress, RunTree } from 'langsmith';
import { describe, expect, test, vi } from 'vitest';
import { formatAddress, parseAddress } from '../../src/headers/address.ts';
import { formatBaggage, parseBaggage } from '../../src/headers/baggage.ts';
import { dottedOrder } from '../support/trace.ts';

const LONGEST_ID = `a${'0-'.repeat(30)}99`;
const ADDRESSES = [
  ['support', 'local'],
  ['a', 'development'],
  ['customer-support-2', 'staging'],
  [LONGEST_ID, 'production'],
] as const;

/** What the SDK makes of a wire form: the address of the run that it reads, or nothing. */
function readBySDK(lrn: string): unknown {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const baggage = `langsmith-address=${encodeURIComponent(lrn)}`;
  const run = RunTree.fromHeaders({ 'langsmith-trace': dottedOrder(), baggage });
  warn.mockRestore();
  return run?.address;
}

describe('an address of an agent', () => {
  test.each(ADDRESSES)('%s in %s is written and read as the SDK does', (id, environment) => {
    const run = new RunTree({ name: 'run', address: new AgentAddress(id, environment) });
    const { address } = parseBaggage(run.toHeaders().baggage);
    expect(address).toBe(`lrn:agents/${id}/environments/${environment}`);
    expect(formatAddress(run.address)).toBe(address);
    expect(parseAddress(address ?? '')).toEqual(run.address);
    expect(formatBaggage({ address })).toBe(run.toHeaders().baggage);
    expect(readBySDK(address ?? '')).toEqual(run.address);
  });

  test('is read with its environment in any letter case, as the SDK reads it', () => {
    const lrn = 'lrn:agents/support/environments/PrOdUcTiOn';
    expect(parseAddress(lrn)).toEqual({ kind: 'AGENT', id: 'support', environment: 'PRODUCTION' });
    expect(readBySDK(lrn)).toEqual(parseAddress(lrn));
  });

  test('is written from a plain object in either letter case', () => {
    expect(formatAddress({ kind: 'AGENT', id: 'support', environment: 'Production' })).toBe(
      'lrn:agents/support/environments/production',
    );
  });
});

describe('values that the SDK would not accept as an address are refused', () => {
  test.each([
    ['empty', ''],
    ['a word', 'support'],
    ['an upper-case id', 'lrn:agents/Support/environments/production'],
    ['an id that starts with a digit', 'lrn:agents/1support/environments/production'],
    ['an id that starts with a hyphen', 'lrn:agents/-support/environments/production'],
    ['an id that ends with a hyphen', 'lrn:agents/support-/environments/production'],
    ['an id of 64 characters', `lrn:agents/${LONGEST_ID}9/environments/production`],
    ['an id with a slash', 'lrn:agents/a/b/environments/production'],
    ['no id', 'lrn:agents//environments/production'],
    ['an unknown environment', 'lrn:agents/support/environments/test'],
    ['no environment', 'lrn:agents/support/environments/'],
    ['something behind', 'lrn:agents/support/environments/production/x'],
    ['a line end behind', 'lrn:agents/support/environments/production\n'],
    ['something before', ' lrn:agents/support/environments/production'],
    // The scheme has one letter case: what we relay otherwise, the next service drops with a warning.
    ['an upper-case scheme', 'LRN:agents/support/environments/production'],
    ['upper-case path words', 'lrn:Agents/support/Environments/production'],
  ])('%s', (_, lrn) => {
    expect(readBySDK(lrn)).toBeUndefined();
    expect(parseAddress(lrn)).toBeUndefined();
    expect(parseBaggage(`langsmith-address=${encodeURIComponent(lrn)}`).address).toBeUndefined();
  });

  test.each([
    undefined,
    null,
    'lrn:agents/support/environments/production',
    7,
    [],
    {},
    { id: 'support' },
    { environment: 'PRODUCTION' },
    { id: 'support', environment: 'PRODUCTION' },
    { kind: 'AGENT', id: 7, environment: 'PRODUCTION' },
    { kind: 'AGENT', id: 'Support', environment: 'PRODUCTION' },
    { kind: 'AGENT', id: 'support', environment: 'TEST' },
    { kind: 'AGENT', id: 'support/environments/local', environment: 'PRODUCTION' },
    { kind: 'AGENT', id: 'support', environment: 'production\r\nx: y' },
    { kind: 'EVALUATOR' },
    { kind: 'EXPERIMENT', id: '01943f2e-7c1a-7b3c-8d4e-5f60718293a4' },
    { kind: 'EXPERIMENT', id: 'support', environment: 'PRODUCTION' },
  ])('the object %j', (address) => {
    expect(formatAddress(address)).toBeUndefined();
  });
});
