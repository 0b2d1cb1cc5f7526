import { existsSync } from 'node:fs';
import { fixture, testNodeMajor } from './app.ts';

/**
 * A version of undici that the applications under fixtures/ are tested with. `whyNot` is the reason if it is not
 * installed.
 */
export interface Undici {
  readonly name: string;
  readonly nodeOptions: readonly string[];
  readonly whyNot: string | undefined;
}

export const UNDICI_7: Undici = { name: 'undici 7', nodeOptions: [], whyNot: undefined };

export const UNDICI_8: Undici = {
  name: 'undici 8',
  nodeOptions: ['--require', fixture('preload/undici-8.cjs')],
  whyNot: whyNotUndici8(),
};

function whyNotUndici8(): string | undefined {
  if (testNodeMajor < 22) return 'undici 8 needs Node.js 22.19';
  if (existsSync(fixture('undici-8/node_modules/undici'))) return undefined;
  return 'undici 8 is missing; to install it: npm ci, with Node.js 22.19 or later';
}
