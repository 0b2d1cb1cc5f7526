/** Keeps the newest `limit` items. */
export class BoundedList<Item> {
  readonly #limit: number;
  #items: Item[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length > this.#limit) this.#items.shift();
  }

  all(): Item[] {
    return [...this.#items];
  }

  clear(): void {
    this.#items = [];
  }
}
