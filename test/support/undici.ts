import { existsSync } from 'node:fs';
import { fixture } from './app.ts';

const HAS_UNDICI_8 = existsSync(fixture('undici-8/node_modules/undici'));

/** A version of undici that the applications under fixtures/ are tested with; `whyNot` where it is not installed. */
export interface Undici {
  readonly name: string;
  readonly nodeOptions: readonly string[];
  readonly whyNot: string | undefined;
}

export const UNDICI_7: Undici = { name: 'undici 7', nodeOptions: [], whyNot: undefined };

export const UNDICI_8: Undici = {
  name: 'undici 8',
  nodeOptions: ['--require', fixture('preload/undici-8.cjs')],
  whyNot: HAS_UNDICI_8 ? undefined : 'undici 8 is not installed; it needs Node.js 22.19: npm ci',
};
