/**
 * Adds fields to objects of Node or of a library. A class adds its fields to the object that the constructor of its base
 * class returns, which may be any object. The classes are compiled from text because the build turns fields into
 * assignments, and because each place needs code of its own.
 *
 * - A private field is invisible to code that lists, prints, copies or freezes the object. On a request under way it
 *   takes 0.05 to 0.3 microseconds. A property that is not enumerable, or a `WeakMap`, takes 1.8 (Node 20 and 24).
 * - A public field is an own property, even if the prototype has an accessor of that name, which an assignment would
 *   call. It takes 0.02 microseconds. `Object.defineProperty` takes 0.2 to 0.4 (Node 18, 20 and 24).
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
  /** The value attached to this object itself, not to its prototype or to the target of a proxy. */
  of(object: object): T | undefined;
  /** The same. It also removes the value. */
  take(object: object): T | undefined;
  attach(object: object, value: T): void;
}

/**
 * Compiles new code for each attachment. V8 finds a field at once in code that sees few shapes of objects, and ten times
 * slower in code that sees all of them.
 */
export function createAttachment<T>(): Attachment<T> {
  return evaluate(ATTACHMENT) as Attachment<T>;
}

/** Returns a function that gives an object an own property without calling an inherited accessor of that name. */
export function createOwnProperty(name: string): (object: object, value: unknown) => void {
  return (evaluate(OWN_PROPERTY) as (name: string) => (object: object, value: unknown) => void)(name);
}

/** The first call takes half a millisecond, so it is delayed until something needs it. */
function evaluate(source: string): unknown {
  return builtin<typeof import('node:vm')>('vm').runInThisContext(source, 'trace-agent:fields');
}
