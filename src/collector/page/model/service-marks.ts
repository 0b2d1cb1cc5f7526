/** The mark of a service: a colour, and a letter for users who cannot tell the colours apart. */
export interface ServiceMark {
  readonly letter: string;
  /** The number of a colour, from 0. */
  readonly color: number;
}

export const COLORS = 8;

/** The mark of runs that were sent to an endpoint without a service name. */
export const NO_SERVICE: ServiceMark = { letter: '–', color: -1 };

/** Assigns each service a mark when it is first seen. The mark never changes. */
export class ServiceMarks {
  readonly #marks = new Map<string, ServiceMark>();
  readonly #letters = new Set<string>();

  of(service: string | undefined): ServiceMark {
    if (service === undefined) return NO_SERVICE;
    const known = this.#marks.get(service);
    if (known) return known;
    const mark = { letter: this.#freeLetter(service), color: this.#marks.size % COLORS };
    this.#letters.add(mark.letter);
    this.#marks.set(service, mark);
    return mark;
  }

  /** Returns the first letter of the name, followed by another letter of it or a number if that letter is taken. */
  #freeLetter(service: string): string {
    const [first = '?', ...rest] = [...service.toUpperCase()].filter((letter) =>
      /[\p{L}\p{N}]/u.test(letter),
    );
    for (const letter of [first, ...rest.map((next) => first + next.toLowerCase())]) {
      if (!this.#letters.has(letter)) return letter;
    }
    let number = 2;
    while (this.#letters.has(`${first}${number}`)) number++;
    return `${first}${number}`;
  }
}
