/** V8's own, on 64 bits, rounded up: an object without properties, and what each property or item takes. */
const OBJECT_BYTES = 56;
const SLOT_BYTES = 16;
const STRING_BYTES = 24;

/**
 * The memory that a value read from JSON takes, in bytes, about and rather too much than too little. Not by recursion:
 * values can be nested deeper than the stack is.
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

/** One byte for each character where all are Latin-1, or else two. */
function stringBytes(text: string): number {
  return STRING_BYTES + text.length * (/[^\0-\xff]/.test(text) ? 2 : 1);
}
