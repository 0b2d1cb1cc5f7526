import { printable } from '../collector/terminal-text.ts';

/** The outcome of a check. A check that did not run is `skipped` and never `ok`. */
export type Outcome = 'ok' | 'note' | 'problem' | 'skipped';

export interface Finding {
  readonly outcome: Outcome;
  /** The name of the check, such as `preload`. */
  readonly check: string;
  /** One line without a secret. */
  readonly summary: string;
  /** Advice. Lines that begin with two spaces are code. */
  readonly remedy?: string | undefined;
}

export interface Report {
  readonly version: string;
  readonly node: string;
  readonly directory: string;
  readonly findings: readonly Finding[];
}

/** A value of a variable for a message. A long one may be a key that was pasted into the wrong place. */
export function shownValue(value: string): string {
  return value.length <= 12 ? JSON.stringify(value) : `a text of ${value.length} characters`;
}

export const EXIT = { well: 0, problem: 1, notLooked: 2 } as const;

const MARKS: Readonly<Record<Outcome, readonly [mark: string, color: number]>> = {
  ok: ['✓', 32],
  note: ['!', 33],
  problem: ['✗', 31],
  skipped: ['-', 90],
};
/** Most names of packages fit. */
const WIDTH = 15;

export function exitCodeOf({ findings }: Report): number {
  return findings.some(({ outcome }) => outcome === 'problem') ? EXIT.problem : EXIT.well;
}

export function formatReport({ version, node, directory, findings }: Report, isColored: boolean): string {
  const lines = findings.flatMap((finding) => formatFinding(finding, isColored));
  const head = `trace-agent ${version} in ${printable(directory)} (Node.js ${node})`;
  return `${[head, '', ...lines, '', sumOf(findings)].join('\n')}\n`;
}

function formatFinding({ outcome, check, summary, remedy }: Finding, isColored: boolean): string[] {
  const [mark, color] = MARKS[outcome];
  const shown = isColored ? `\u001b[${color}m${mark}\u001b[0m` : mark;
  const indent = ' '.repeat(WIDTH + 3);
  const below = remedy?.split('\n').map((line) => indent + printable(line)) ?? [];
  return [`${shown} ${check.padEnd(WIDTH)} ${printable(summary)}`, ...below];
}

function sumOf(findings: readonly Finding[]): string {
  const count = (wanted: Outcome) => findings.filter(({ outcome }) => outcome === wanted).length;
  const parts = [
    counted(count('problem'), 'problem', 'problems'),
    counted(count('note'), 'thing to know', 'things to know'),
    counted(count('skipped'), 'check did not run', 'checks did not run'),
  ].filter((part) => part !== undefined);
  return count('problem') + count('note') === 0
    ? ['All is well', ...parts].join(', ').concat('.')
    : parts.join(', ').concat('.');
}

function counted(count: number, one: string, many: string): string | undefined {
  return count === 0 ? undefined : `${count} ${count === 1 ? one : many}`;
}
