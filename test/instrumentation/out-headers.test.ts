import { OutgoingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createOutHeaders } from '../../src/instrumentation/http/out-headers.ts';

/** As a version of Node might that keeps its headers elsewhere. */
class Elsewhere extends OutgoingMessage {
  readonly #headers = new Map<string, number | string | readonly string[]>();
  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }
  override getHeader(name: string) {
    return this.#headers.get(name.toLowerCase()) as number | string | string[] | undefined;
  }
  override getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }
  override removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }
}

describe.each([
  ['of this Node', OutgoingMessage],
  ['of one that keeps them elsewhere', Elsewhere],
])('the headers of a message %s', (_, Class) => {
  const headers = createOutHeaders(Class.prototype);

  test('are read in any letter case, and as they were set', () => {
    const message = new Class();
    expect(headers.get(message, 'host')).toBeUndefined();
    message.setHeader('HOST', 'a.example');
    message.setHeader('X-Count', 7);
    message.setHeader('baggage', ['a=1', 'b=2']);
    expect(headers.get(message, 'host')).toBe('a.example');
    expect(headers.get(message, 'x-count')).toBe('7');
    expect(headers.get(message, 'baggage')).toEqual(['a=1', 'b=2']);
    expect(headers.get(message, 'langsmith-trace')).toBeUndefined();
  });

  test('are set, and seen by all: the first of a message too', () => {
    for (const before of [{}, { BAGGAGE: 'a=1', host: 'a.example' }]) {
      const message = new Class();
      for (const [name, value] of Object.entries(before)) message.setHeader(name, value);
      headers.set(message, 'baggage', 'c=3');
      expect(message.getHeader('Baggage')).toBe('c=3');
      expect(message.getHeaderNames().sort()).toEqual(
        [...new Set(['baggage', ...Object.keys(before)].map((name) => name.toLowerCase()))].sort(),
      );
    }
  });

  test('are taken away', () => {
    const message = new Class();
    message.setHeader('host', 'a.example');
    message.setHeader('Baggage', 'a=1');
    headers.remove(message, 'baggage');
    headers.remove(message, 'langsmith-trace');
    expect(message.getHeaderNames()).toEqual(['host']);
  });

  test('are measured by their lines', () => {
    const message = new Class();
    expect(headers.size(message)).toBe(0);
    message.setHeader('Host', 'a.example');
    message.setHeader('X-Count', 12);
    message.setHeader('Baggage', ['a=1', 'b=22']);
    const lines = ['Host: a.example', 'X-Count: 12', 'Baggage: a=1', 'Baggage: b=22'];
    expect(headers.size(message)).toBe(lines.reduce((size, line) => size + line.length + 2, 0));
  });
});

test('those of this Node are read where they are, not by its methods', () => {
  const headers = createOutHeaders(OutgoingMessage.prototype);
  const message = new OutgoingMessage();
  message.setHeader('host', 'a.example');
  const { getHeader, getHeaderNames } = OutgoingMessage.prototype;
  const fail = (): never => {
    throw new Error('called');
  };
  Object.assign(OutgoingMessage.prototype, { getHeader: fail, getHeaderNames: fail });
  try {
    expect(headers.get(message, 'host')).toBe('a.example');
    expect(headers.size(message)).toBe('host: a.example\r\n'.length);
  } finally {
    Object.assign(OutgoingMessage.prototype, { getHeader, getHeaderNames });
  }
});
