/** V8's sizes on 64-bit platforms, rounded up: an object without properties, and each property or item. */
const OBJECT_BYTES = 56;
const SLOT_BYTES = 16;
const STRING_BYTES = 24;

/**
 * Estimates the memory, in bytes, that a value parsed from JSON uses; the estimate is rather too high than too low.
 * It is iterative, because values can be nested deeper than the stack allows.
 */
export function sizeOf(value: object): number {
  let bytes = 0;
  const pending: object[] = [value];
  const add = (item: unknown) => {
    bytes += SLOT_BYTES;
    if (typeof item === 'string') bytes += stringBytes(item);
    else if (typeof item === 'object' && item !== null) pending.push(item);
  };
  while (pending.length > 0) {
    const one = pending.pop() as object;
    bytes += OBJECT_BYTES;
    if (Array.isArray(one)) for (const item of one) add(item);
    else {
      for (const name of Object.keys(one)) {
        bytes += name.length;
        add((one as Record<string, unknown>)[name]);
      }
    }
  }
  return bytes;
}

/** V8 stores one byte for each character if all are Latin-1, and two bytes otherwise. */
function stringBytes(text: string): number {
  return STRING_BYTES + text.length * (/[^\0-\xff]/.test(text) ? 2 : 1);
}
