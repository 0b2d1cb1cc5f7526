import { describe, expect, it } from 'vitest';
import type { HeadersLike } from '../../src/api.ts';
import { readMessageHeaders } from '../../src/headers/message-headers.ts';
import { baggage as baggageOf, dottedOrder } from '../support/trace.ts';

const trace = dottedOrder(2);
const baggage = baggageOf({ metadata: { a: 'ü' }, tags: ['t'], project: 'p' });
const bytes = (text: string) => Buffer.from(text);

/** The types that the libraries declare. */
interface SQSAttribute {
  StringValue?: string | undefined;
  BinaryValue?: Uint8Array | undefined;
  DataType: string | undefined;
}
interface LambdaAttributes {
  [name: string]: { stringValue?: string; dataType: string; stringListValues?: never[] };
}
interface APIGatewayEvent {
  body: string | null;
  headers: { [name: string]: string | undefined };
  multiValueHeaders: { [name: string]: string[] | undefined };
  httpMethod: string;
}
interface LambdaRequest {
  headers: { [name: string]: string | undefined };
  rawPath: string;
}

/** The headers of NATS as `nats` 2 and `@nats-io/nats-core` 3 implement them: `get` distinguishes the letter case. */
class NATSHeaders {
  private readonly entries = new Map<string, string[]>();
  append(name: string, value: string): this {
    this.entries.set(name, [...(this.entries.get(name) ?? []), value]);
    return this;
  }
  get(name: string): string {
    return this.entries.get(name)?.[0] ?? '';
  }
  keys(): string[] {
    return [...this.entries.keys()];
  }
  *[Symbol.iterator](): Iterator<[string, string[]]> {
    yield* this.entries;
  }
}

/** Those of gRPC: no iterator, and a list for each name. */
const grpc = {
  get: (name: string) => (name === 'langsmith-trace' ? [trace] : name === 'baggage' ? [baggage] : []),
};

const sqs: Record<string, SQSAttribute> = {
  Other: { DataType: 'Binary', BinaryValue: bytes('x') },
  'langsmith-trace': { DataType: 'String', StringValue: trace },
  baggage: { DataType: 'String', StringValue: baggage },
};
const lambda: LambdaAttributes = {
  'langsmith-trace': { stringValue: trace, stringListValues: [], dataType: 'String' },
  baggage: { stringValue: baggage, stringListValues: [], dataType: 'String' },
};
const sns = {
  'langsmith-trace': { Type: 'String', Value: trace },
  baggage: { Type: 'String', Value: baggage },
};
const gateway: APIGatewayEvent = {
  body: null,
  httpMethod: 'POST',
  headers: { 'Langsmith-Trace': trace, Baggage: 'last=1' },
  multiValueHeaders: { 'Langsmith-Trace': [trace], Baggage: [baggage, 'last=1'] },
};
const http: LambdaRequest = { headers: { 'langsmith-trace': trace, baggage }, rawPath: '/' };
const balancer = { multiValueHeaders: { 'langsmith-trace': [trace], baggage: [baggage] } };
const testEvent = { headers: { 'langsmith-trace': trace, baggage }, multiValueHeaders: null };

const forms: [name: string, source: HeadersLike, baggage?: string][] = [
  ['an object', { 'langsmith-trace': trace, baggage }],
  ['an object that inherits them', Object.create({ 'langsmith-trace': trace, baggage })],
  ['Headers', new Headers({ 'langsmith-trace': trace, baggage })],
  [
    'a Map with names in another case',
    new Map([
      ['Langsmith-Trace', trace],
      ['BAGGAGE', baggage],
    ]),
  ],
  [
    'a Map with names and values of bytes',
    new Map([
      [bytes('langsmith-trace'), bytes(trace)],
      [bytes('baggage'), bytes(baggage)],
    ]),
  ],
  ['SQS MessageAttributes', sqs],
  ['messageAttributes of Lambda', lambda],
  ['MessageAttributes of SNS', sns],
  ['an event of API Gateway, REST', gateway, `${baggage},last=1`],
  ['an event of API Gateway, HTTP', http],
  ['an event of a load balancer', balancer],
  ['an event with multiValueHeaders: null', testEvent],
  ['an object whose headers are a Headers', { headers: new Headers({ 'langsmith-trace': trace, baggage }) }],
  ['pairs', Object.entries({ other: '1', 'Langsmith-Trace': trace, baggage })],
  [
    'pairs of bytes',
    [
      [bytes('langsmith-trace'), bytes(trace)],
      [bytes('baggage'), bytes(baggage)],
    ],
  ],
  ['raw headers', ['Host', 'langsmith-trace', 'LANGSMITH-TRACE', trace, 'Baggage', baggage, 'odd']],
  [
    'raw headers with two lines of baggage',
    ['langsmith-trace', trace, 'baggage', 'a=1', 'baggage', baggage],
    `a=1,${baggage}`,
  ],
  ['raw headers of bytes', [bytes('langsmith-trace'), bytes(trace), bytes('baggage'), bytes(baggage)]],
  ['headers of kafkajs', { 'langsmith-trace': bytes(trace), baggage: [bytes(baggage)], other: undefined }],
  [
    'headers of node-rdkafka',
    [{ other: bytes('x') }, { 'langsmith-trace': bytes(trace) }, { baggage: bytes(baggage) }],
  ],
  [
    'headers of Kafka in Lambda',
    [{ 'langsmith-trace': [...bytes(trace)] }, { baggage: [...bytes(baggage)] }],
  ],
  ['headers of NATS', new NATSHeaders().append('langsmith-trace', trace).append('baggage', baggage)],
  [
    'headers of NATS in another case',
    new NATSHeaders().append('Langsmith-Trace', trace).append('Baggage', baggage),
  ],
  ['metadata of gRPC', grpc],
  ['headers of AMQP', { 'x-death': [{ count: 1 }], 'langsmith-trace': trace, baggage }],
];

describe('the headers of a message', () => {
  it.each(forms)('are read from %s', (_, source, wanted = baggage) => {
    expect(readMessageHeaders(source)).toEqual({ trace, baggage: wanted });
  });

  it('are read from `_meta` of MCP, which has only baggage', () => {
    const meta: { [name: string]: unknown; progressToken?: number } = { progressToken: 1, baggage };
    expect(readMessageHeaders(meta satisfies HeadersLike)).toEqual({ trace: undefined, baggage });
  });

  it.each<[string, HeadersLike]>([
    ['an array of values', { 'langsmith-trace': [trace, trace] }],
    ['two raw headers', ['langsmith-trace', trace, 'Langsmith-Trace', trace]],
    [
      'two pairs',
      [
        ['langsmith-trace', trace],
        ['langsmith-trace', trace],
      ],
    ],
    ['two objects', [{ 'langsmith-trace': trace }, { 'langsmith-trace': trace }]],
    [
      'two values of NATS',
      new NATSHeaders().append('langsmith-trace', trace).append('langsmith-trace', trace),
    ],
    [
      'two values of API Gateway',
      { headers: { 'langsmith-trace': trace }, multiValueHeaders: { 'langsmith-trace': [trace, trace] } },
    ],
  ])('have no single trace where it is repeated: %s', (_, source) => {
    expect(readMessageHeaders(source)?.trace).toEqual([trace, trace]);
  });

  it.each([
    {},
    [],
    new Map(),
    new Headers(),
    { headers: null },
    { body: {} },
    { 'langsmith-trace': '' },
    [[]],
    [null, 5],
    new Date(),
    new Error('any'),
  ])('of %o hold no trace', (source) => {
    expect(readMessageHeaders(source)).toEqual({ trace: undefined, baggage: undefined });
  });

  it.each([undefined, null, 5, 'langsmith-trace', true, Symbol('any'), () => trace, bytes(trace)])(
    'are not looked for in %s',
    (source) => {
      expect(readMessageHeaders(source)).toBeUndefined();
    },
  );

  it('are not looked for in lists of lists, which may hold each other', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    let deep: unknown[] = [trace];
    for (let i = 0; i < 64; i++) deep = [deep, deep];
    for (const list of [cyclic, deep]) {
      expect(readMessageHeaders({ 'langsmith-trace': list })?.trace).toBeUndefined();
    }
  });

  it('are read without a look at other properties', () => {
    const getters = {
      get other(): string {
        throw new Error('a getter of another property');
      },
      get headers(): object {
        throw new Error('a getter of another property');
      },
    };
    const source = Object.defineProperties(
      { 'langsmith-trace': trace, baggage },
      Object.getOwnPropertyDescriptors(getters),
    );
    expect(readMessageHeaders(source)).toEqual({ trace, baggage });
  });
});
