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

  const all = (message: OutgoingMessage) =>
    message.getHeaderNames().map((name) => [name, message.getHeader(name)]);

  test.each([
    ['of none', []],
    ['of others', [['Host', 'a.example']]],
    [
      'of the same name, which keep their place',
      [
        ['BAGGAGE', 'a=1'],
        ['Host', 'a.example'],
        ['LangSmith-Trace', ['x', 'y']],
        ['X-Count', 7],
      ],
    ],
  ] as [string, [string, number | string | string[]][]][])(
    'are lent, and taken back once they are written: in place %s',
    (_name, own) => {
      const message = new Class();
      for (const [name, value] of own) message.setHeader(name, value);
      const before = all(message);
      headers.lend(message, 'baggage', 'c=3');
      headers.lend(message, 'langsmith-trace', 't');
      expect(message.getHeader('Baggage')).toBe('c=3');
      expect(message.getHeader('langsmith-trace')).toBe('t');
      const written = message as unknown as { _header: string | null };
      written._header = 'GET / HTTP/1.1';
      headers.takeBack(message);
      expect(all(message)).toEqual(before);
      expect(written._header).toBe('GET / HTTP/1.1');
    },
  );

  test('are taken back once, and only from the message that they were lent to', () => {
    const [one, other] = [new Class(), new Class()];
    headers.lend(one, 'baggage', 'c=3');
    headers.takeBack(other);
    expect(one.getHeader('baggage')).toBe('c=3');
    headers.takeBack(one);
    one.setHeader('baggage', 'own');
    headers.takeBack(one);
    expect(all(one)).toEqual([['baggage', 'own']]);
  });

  test('are left out, and have their place again', () => {
    const message = new Class();
    message.setHeader('Baggage', 'a=1');
    message.setHeader('host', 'a.example');
    const before = all(message);
    headers.lend(message, 'baggage', '');
    headers.lend(message, 'langsmith-trace', '');
    expect(message.getHeader('baggage')).toEqual([]);
    expect(message.getHeader('langsmith-trace')).toBeUndefined();
    headers.takeBack(message);
    expect(all(message)).toEqual(before);
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
