/**
 * Fields on objects of Node's or of a library: a class puts its own on objects that are not of it (its base's
 * constructor returns them), and that is what V8 compiles best. It is a text because the build makes assignments of
 * fields, and because each place shall have code of its own.
 *
 * - A private field keeps a value where nobody else meets it: who lists, prints, copies or freezes the object does not
 *   see it. On a request under way it takes 0.05 to 0.3 microseconds where a property that is not enumerable, or a
 *   `WeakMap`, takes 1.8 (Node 20 and 24).
 * - A public one is an own property like an assigned one, also where an accessor on the prototype stands in the way of
 *   assigning it: 0.02 microseconds where `Object.defineProperty` takes 0.2 to 0.4 (Node 18, 20 and 24).
 */
import { builtin } from '../builtins.ts';

const GIVEN = 'class Given { constructor(object) { return object; } }';
const ATTACHMENT = `'use strict';
(() => {
${GIVEN}
return class Attachment extends Given {
  #value;
  constructor(object, value) { super(object); this.#value = value; }
  static of(object) { return #value in object ? object.#value : undefined; }
  static take(object) { const value = this.of(object); if (value !== undefined) object.#value = undefined; return value; }
  static attach(object, value) { if (#value in object) object.#value = value; else new Attachment(object, value); }
};
})()`;
const OWN_PROPERTY = `'use strict';
(name) => {
${GIVEN}
let given;
class Owner extends Given { [name] = given; }
return (object, value) => {
  given = value;
  new Owner(object);
  given = undefined;
};
}`;

export interface Attachment<T> {
  /** What was attached to this very object: not to one that it inherits from, or is a proxy of. */
  of(object: object): T | undefined;
  /** The same, and from now on there is none. */
  take(object: object): T | undefined;
  attach(object: object, value: T): void;
}

/**
 * Each is a place of its own, of code of its own: V8 looks a field up at once where it meets few kinds of objects, and
 * ten times slower where one piece of code meets all.
 */
export function createAttachment<T>(): Attachment<T> {
  return evaluate(ATTACHMENT) as Attachment<T>;
}

/** Gives an object a property of its own as an assignment does, past an accessor that it inherits. */
export function createOwnProperty(name: string): (object: object, value: unknown) => void {
  return (evaluate(OWN_PROPERTY) as (name: string) => (object: object, value: unknown) => void)(name);
}

/** Half a millisecond the first time: not before something needs it. */
function evaluate(source: string): unknown {
  return builtin<typeof import('node:vm')>('vm').runInThisContext(source, 'trace-agent:fields');
}
