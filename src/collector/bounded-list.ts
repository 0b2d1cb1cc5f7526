/** Keeps the newest items: at most `limit` of them, with at most `maxBytes` in total. */
export class BoundedList<Item> {
  readonly #limit: number;
  readonly #maxBytes: number;
  readonly #bytesOf: (item: Item) => number;
  #items: Item[] = [];
  #bytes = 0;

  constructor(limit: number, maxBytes: number, bytesOf: (item: Item) => number) {
    this.#limit = limit;
    this.#maxBytes = maxBytes;
    this.#bytesOf = bytesOf;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#bytes += this.#bytesOf(item);
    let drop = 0;
    while (this.#items.length - drop > this.#limit || this.#bytes > this.#maxBytes) {
      const oldest = this.#items[drop++];
      if (oldest === undefined) break;
      this.#bytes -= this.#bytesOf(oldest);
    }
    if (drop > 0) this.#items.splice(0, drop);
  }

  all(): Item[] {
    return [...this.#items];
  }

  clear(): void {
    this.#items = [];
    this.#bytes = 0;
  }
}
