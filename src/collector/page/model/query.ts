/** A term of a search. A run matches if all terms match. */
export type Term =
  | { readonly kind: 'error' }
  | { readonly kind: 'service'; readonly name: string }
  | { readonly kind: 'longer' | 'shorter'; readonly than: number }
  | { readonly kind: 'text'; readonly text: string };

/** The properties of a run or a trace that a search examines. */
export interface Searchable {
  readonly failed: boolean;
  readonly services: readonly string[];
  /** In milliseconds; absent while the run or trace has not ended. */
  readonly duration?: number;
  /** The text to search, in lower case. */
  readonly text: string;
}

const DURATION = /^([<>])(\d+(?:\.\d+)?)(ms|s|m|min)?$/;
const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000 };

/**
 * Parses `error`, `service:NAME`, `>100ms`, `<1.5s`, and text. A part in double quotes is text and may contain
 * spaces. An incomplete term, such as `service:` or `>`, is ignored.
 */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const [, quoted, word] of query.toLowerCase().matchAll(/"([^"]*)"?|(\S+)/g)) {
    const term = word === undefined ? textTerm(quoted ?? '') : wordTerm(word);
    if (term) terms.push(term);
  }
  return terms;
}

export function matches(terms: readonly Term[], subject: Searchable): boolean {
  return terms.every((term) => matchesTerm(term, subject));
}

function matchesTerm(term: Term, { failed, services, duration, text }: Searchable): boolean {
  switch (term.kind) {
    case 'error':
      return failed;
    case 'service':
      return services.some((service) => service.toLowerCase().startsWith(term.name));
    case 'longer':
      return duration !== undefined && duration > term.than;
    case 'shorter':
      return duration !== undefined && duration < term.than;
    case 'text':
      return text.includes(term.text);
  }
}

function wordTerm(word: string): Term | undefined {
  if (word === 'error' || word === 'errors') return { kind: 'error' };
  if (word.startsWith('service:')) {
    const name = word.slice('service:'.length);
    return name === '' ? undefined : { kind: 'service', name };
  }
  const [, sign, number, unit = 'ms'] = DURATION.exec(word) ?? [];
  if (number !== undefined)
    return { kind: sign === '>' ? 'longer' : 'shorter', than: Number(number) * (UNITS[unit] ?? 1) };
  return word === '<' || word === '>' ? undefined : textTerm(word);
}

function textTerm(text: string): Term | undefined {
  return text === '' ? undefined : { kind: 'text', text };
}
