/** Generators of the fields of a run, for property-based tests. */
import fc from 'fast-check';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
// All SDKs split a tag at a comma.
const tag = text.map((value) => value.replaceAll(',', ';')).filter((value) => value.trim() !== '');
// The SDKs treat names of `Object.prototype` in their own way.
const name = text.filter((value) => !(value in {}));
export const fields = fc.record({
  metadata: fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 5 }),
  tags: fc.array(tag, { minLength: 1, maxLength: 5 }),
  project: text.filter((value) => value.trim() !== ''),
});
