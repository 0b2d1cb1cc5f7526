import { readFileSync } from 'node:fs';
import { testNodeMajor } from '../support/app.ts';

/** A line of the conformance list. Keys of the tables are major versions of Node. */
export interface Line {
  readonly number: number;
  readonly area: string;
  readonly text: string;
  /** Why the line cannot hold there. */
  readonly doesNotApply?: Readonly<Record<string, string>>;
  /** What holds there only in part; under `*` for all. */
  readonly notes?: Readonly<Record<string, string>>;
}

const list = JSON.parse(readFileSync(new URL('list.json', import.meta.url), 'utf8')) as {
  lines: readonly Line[];
};

/** Why a line, as `A10`, cannot hold on the Node under test; `undefined` where it can. */
export function whyNotHere(line: string): string | undefined {
  const found = list.lines.find(({ area, number }) => `${area}${number}` === line);
  if (found === undefined) throw new Error(`${line} is not on the list`);
  return found.doesNotApply?.[testNodeMajor];
}
