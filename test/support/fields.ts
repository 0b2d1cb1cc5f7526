/** Generators of what a run says, for property-based tests. */
import fc from 'fast-check';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
// A tag with a comma in it is two, in every SDK.
const tag = text.map((value) => value.replaceAll(',', ';')).filter((value) => value.trim() !== '');
// The names of `Object.prototype` are the SDKs' own affair.
const name = text.filter((value) => !(value in {}));
export const fields = fc.record({
  metadata: fc.dictionary(name, fc.oneof(text, fc.integer(), fc.boolean()), { minKeys: 1, maxKeys: 5 }),
  tags: fc.array(tag, { minLength: 1, maxLength: 5 }),
  project: text.filter((value) => value.trim() !== ''),
});
