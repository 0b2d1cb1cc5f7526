/** A cache that is cleared when it is full. That happens only if there are more keys than it was sized for. */
export class BoundedMap<K, V extends object | string | number | boolean> {
  private readonly limit: number;
  private readonly entries: Map<K, V>;
  /** Most look-ups repeat the previous key. Comparing with that key first avoids computing a hash. */
  private lastKey: K | undefined;
  private lastValue: V | undefined;

  constructor(limit: number) {
    this.limit = limit;
    this.entries = new Map();
    this.lastKey = undefined;
    this.lastValue = undefined;
  }

  get(key: K): V | undefined {
    if (this.lastValue !== undefined && key === this.lastKey) return this.lastValue;
    const value = this.entries.get(key);
    if (value !== undefined) this.remember(key, value);
    return value;
  }

  set(key: K, value: V): void {
    if (this.entries.size >= this.limit) this.clear();
    this.entries.set(key, value);
    this.remember(key, value);
  }

  clear(): void {
    this.entries.clear();
    this.lastKey = undefined;
    this.lastValue = undefined;
  }

  private remember(key: K, value: V): void {
    this.lastKey = key;
    this.lastValue = value;
  }
}
