import { describe, expect, it } from 'vitest';
import { run } from './support/app.ts';
import { baggage, dottedOrder, linked } from './support/trace.ts';

const trace = dottedOrder(2);
const header = baggage({ metadata: { a: 1 }, tags: ['t'], project: 'p' });

/** Runs ESM source under the agent and gives what it passes to `tell`. */
async function evaluate(source: string, env: NodeJS.ProcessEnv = {}): Promise<unknown[]> {
  const prelude = `
    import { continueTrace, start, status, stop, traceHeaders } from '@org/trace-agent';
    const trace = ${JSON.stringify(trace)}, baggage = ${JSON.stringify(header)};
    const told = [];
    const tell = (value) => told.push(value ?? null);
    process.on('exit', () => console.log(JSON.stringify(told)));
  `;
  const result = await run(['--input-type=module', '-e', prelude + source], { env });
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout);
}

describe('traceHeaders', () => {
  it('is empty where there is no run', async () => {
    expect(await evaluate('tell(traceHeaders())')).toEqual([{}]);
  });

  it('has the headers of the current run, across awaits, and of the outer one afterwards', async () => {
    const told = await evaluate(`
      import { traceable, getCurrentRunTree } from 'langsmith/traceable';
      const inner = traceable(async () => {
        await 1;
        tell(traceHeaders());
        tell(getCurrentRunTree().dotted_order);
      }, { name: 'inner', tracingEnabled: true, project_name: 'p', client: { createRun() {}, updateRun() {} } });
      await continueTrace({ 'langsmith-trace': trace, baggage }, async () => {
        await inner();
        tell(traceHeaders());
      });
      tell(traceHeaders());`);
    const current = told[1] as string;
    expect(told).toEqual([
      { 'langsmith-trace': current, baggage: linked(current, header.replace('langsmith-tags=t,', '')) },
      expect.stringContaining(`${trace}.`),
      { 'langsmith-trace': trace, baggage: linked(trace, header) },
      {},
    ]);
  });
});

describe('continueTrace', () => {
  const forms = [
    ['a plain object', '{ "langsmith-trace": trace, baggage }'],
    ['names in another case', '{ "LangSmith-Trace": trace, Baggage: baggage }'],
    ['arrays of one value', '{ "langsmith-trace": [trace], baggage: [baggage] }'],
    ['Headers', 'new Headers({ "langsmith-trace": trace, baggage })'],
    ['a Map', 'new Map([["langsmith-trace", trace], ["baggage", baggage]])'],
    ['a Map with names in another case', 'new Map([["Langsmith-Trace", trace], ["Baggage", baggage]])'],
    ['bytes', '{ "langsmith-trace": Buffer.from(trace), baggage: [new TextEncoder().encode(baggage)] }'],
    ['baggage alone, with the trace', '{ baggage: ["langsmith-trace=" + trace, baggage].join() }'],
    ['baggage of two values', '{ baggage: ["langsmith-trace=" + trace, Buffer.from(baggage)] }'],
    [
      'baggage beside a trace that is null',
      '{ "langsmith-trace": null, baggage: "langsmith-trace=" + trace + "," + baggage }',
    ],
    [
      'the Metadata of gRPC',
      '{ get: (name) => (name === "baggage" ? ["langsmith-trace=" + trace, baggage] : []) }',
    ],
    ['a null-prototype object', 'Object.assign(Object.create(null), { "langsmith-trace": trace, baggage })'],
  ];
  it.each(forms)('takes %s', async (_name, headers) => {
    const told = await evaluate(`tell(continueTrace(${headers}, () => traceHeaders()))`);
    expect(told).toEqual([{ 'langsmith-trace': trace, baggage: linked(trace, header) }]);
  });

  const bad = [
    'undefined',
    'null',
    '{}',
    '"text"',
    '{ "langsmith-trace": "garbage" }',
    '{ "langsmith-trace": 5 }',
  ];
  it.each([...bad, '{ "langsmith-trace": [trace, trace] }', 'new Map()'])(
    '%s changes nothing',
    async (headers) => {
      expect(await evaluate(`tell(continueTrace(${headers}, () => traceHeaders()))`)).toEqual([{}]);
    },
  );

  // The headers of NATS distinguish the letter case in `get`, and give a list for each name.
  const NATS = `Object.assign(new Map([['Langsmith-Trace', [trace]], ['baggage', [baggage]]]), { get: (name) => '' })`;
  it.each<[title: string, ...forms: string[]]>([
    [
      '[I169] attributes of SQS, Lambda and SNS',
      "{ 'langsmith-trace': { DataType: 'String', StringValue: trace }, baggage: { StringValue: baggage } }",
      "{ 'langsmith-trace': { dataType: 'String', stringValue: trace }, baggage: { stringValue: baggage } }",
      "{ 'langsmith-trace': { Type: 'String', Value: trace }, baggage: { Type: 'String', Value: baggage } }",
    ],
    [
      '[I170] events of API Gateway',
      '{ headers: { "Langsmith-Trace": trace, Baggage: baggage }, multiValueHeaders: null }',
      '{ headers: { baggage: "last=1" }, multiValueHeaders: { "Langsmith-Trace": [trace], Baggage: [baggage, "a=1"] } }',
      '{ headers: new Headers({ "langsmith-trace": trace, baggage }) }',
    ],
    [
      '[I171] pairs and raw headers',
      'Object.entries({ "Langsmith-Trace": trace, baggage })',
      '[["langsmith-trace", [trace]], [Buffer.from("baggage"), Buffer.from(baggage)]]',
      '["Host", "a", "Langsmith-Trace", trace, "Baggage", baggage]',
      '["langsmith-trace", trace, "baggage", "a=1", "baggage", baggage]',
    ],
    [
      '[I172] headers of kafkajs, of node-rdkafka, and of Kafka in Lambda',
      '{ "langsmith-trace": Buffer.from(trace), baggage: [Buffer.from(baggage)] }',
      '[{ "langsmith-trace": Buffer.from(trace) }, { other: null }, { baggage: Buffer.from(baggage) }]',
      '[{ "langsmith-trace": [...Buffer.from(trace)] }, { baggage: [...Buffer.from(baggage)] }]',
    ],
    [
      '[I173] headers of NATS and AMQP, and metadata of gRPC',
      NATS,
      '{ "x-death": [{ count: 1, queue: "q" }], "langsmith-trace": trace, baggage }',
      '{ get: (name) => [{ "langsmith-trace": trace, baggage }[name]] }',
    ],
    ['[I174] `_meta` of MCP', '{ progressToken: 1, baggage: "langsmith-trace=" + trace + "," + baggage }'],
  ])('%s', async (_, ...forms) => {
    const told = await evaluate(
      forms.map((form) => `tell(continueTrace(${form}, () => traceHeaders()));`).join('\n'),
    );
    expect(told).toEqual(forms.map(() => ({ 'langsmith-trace': trace, baggage: linked(trace, header) })));
  });

  it.each([
    ['5', 'a value of type number'],
    ['"text"', 'a value of type string'],
    ['{ body: "any" }', 'headers without a trace'],
    ['{ "langsmith-trace": "garbage" }', 'headers that name no valid run'],
  ])('[I175] %s is told at debug', async (headers, what) => {
    const source = `import { continueTrace } from '@org/trace-agent'; console.log(continueTrace(${headers}, () => 'called'));`;
    const { stdout, stderr } = await run(['--input-type=module', '-e', source], {
      env: { TRACE_AGENT_LOG: 'debug' },
    });
    expect(stdout).toBe('called\n');
    expect(stderr).toMatch(
      new RegExp(
        `^\\[trace-agent\\] debug: continueTrace was given ${what}, so the function runs without one$`,
        'm',
      ),
    );
  });

  it('[I175] calls the function once where a getter or a method of the headers throws', async () => {
    const throwing = `{ get() { throw new Error('its own') } }`;
    const source = `
      import { continueTrace } from '@org/trace-agent';
      const revoked = Proxy.revocable({}, {});
      revoked.revoke();
      const cyclic = [];
      cyclic.push(['langsmith-trace', cyclic]);
      let calls = 0;
      for (const headers of [${throwing}, { get headers() { throw new Error('its own') } }, revoked.proxy, cyclic])
        console.log(continueTrace(headers, () => ++calls));`;
    const { stdout, stderr } = await run(['--input-type=module', '-e', source], {
      env: { TRACE_AGENT_LOG: 'debug' },
    });
    expect(stdout).toBe('1\n2\n3\n4\n');
    expect(stderr.match(/continueTrace was given headers that cannot be read/g)).toHaveLength(3);
    // Lists that hold each other are read to a fixed depth.
    expect(stderr.match(/continueTrace was given headers that name no valid run/g)).toHaveLength(1);
    expect(stderr).not.toContain('error');
  });

  it('returns the function’s result, and throws its errors', async () => {
    const told = await evaluate(`
      const headers = { 'langsmith-trace': trace };
      tell(continueTrace(headers, () => 5));
      tell(await continueTrace(headers, async () => 6));
      try { continueTrace(headers, () => { throw new Error('its own') }) } catch (error) { tell(error.message) }
      await continueTrace(headers, async () => { throw new Error('later') }).catch((error) => tell(error.message));`);
    expect(told).toEqual([5, 6, 'its own', 'later']);
  });

  it('leaves the context that was there where the headers name no run', async () => {
    const told = await evaluate(`
      continueTrace({ 'langsmith-trace': trace }, () => {
        tell(continueTrace({}, () => traceHeaders()));
        tell(traceHeaders());
      });`);
    expect(told).toEqual([{}, { 'langsmith-trace': trace }]);
  });

  // Another promise in its place would lose them.
  it('gives back a promise that has properties, or is of a class of its own, as it is', async () => {
    const told = await evaluate(`
      const cancellable = Object.assign(Promise.resolve(), { cancel() {} });
      class Lazy extends Promise { then() { throw new Error('nobody has asked for it') } }
      const lazy = new Lazy(() => {});
      for (const one of [cancellable, lazy]) tell(continueTrace({ 'langsmith-trace': trace }, () => one) === one);`);
    expect(told).toEqual([true, true]);
  });

  it('runs the function without an agent too', async () => {
    const told = await evaluate(
      `tell(continueTrace({ 'langsmith-trace': trace }, () => traceHeaders())); tell(status().running);`,
      { TRACE_AGENT_ENABLED: 'false' },
    );
    expect(told).toEqual([{}, false]);
  });
});

describe('start and stop', () => {
  it('an agent that is started and stopped inside a run of the SDK leaves the run current', async () => {
    const told = await evaluate(
      `
      import { traceable, getCurrentRunTree } from 'langsmith/traceable';
      const options = { tracingEnabled: true, client: { createRun() {}, updateRun() {} } };
      const inner = traceable(async () => getCurrentRunTree().parent_run.name, { name: 'inner', ...options });
      const during = traceable(async () => {
        tell(await inner());
        stop();
        tell(await inner());
        tell(getCurrentRunTree().name);
        start({ enabled: true });
        tell(getCurrentRunTree().name);
        tell(traceHeaders()['langsmith-trace'] === getCurrentRunTree().dotted_order);
      }, { name: 'during', ...options });
      const outer = traceable(async () => {
        start({ enabled: true });
        tell(await inner());
        tell(traceHeaders()['langsmith-trace'] === getCurrentRunTree().dotted_order);
        await during();
        stop();
        tell(getCurrentRunTree().name);
        tell(await inner());
      }, { name: 'outer', ...options });
      await outer();
      const key = Symbol.for('ls:tracing_async_local_storage');
      const storage = globalThis[key];
      for (let i = 0; i < 3; i++) { start({ enabled: true }); getCurrentRunTree(true); stop(); }
      tell(globalThis[key] === storage);`,
      { TRACE_AGENT_ENABLED: 'false' },
    );
    expect(told).toEqual([
      'outer',
      true,
      'during',
      'during',
      'during',
      'during',
      true,
      'outer',
      'outer',
      true,
    ]);
  });

  it('start outranks the environment, and leaves a running agent as it is', async () => {
    const told = await evaluate(`
      tell(start({ trust: '*' }).config.trust);
      stop();
      stop();
      tell(status().running);
      tell(start({ trust: '*', maxHeaderBytes: 4096 }).config);`);
    expect(told).toEqual(['internal', false, expect.objectContaining({ trust: '*', maxHeaderBytes: 4096 })]);
  });

  it('a stopped agent leaves the SDK working', async () => {
    const told = await evaluate(`
      import { traceable, getCurrentRunTree } from 'langsmith/traceable';
      const client = { createRun() {}, updateRun() {} };
      const inner = traceable(async () => getCurrentRunTree().parent_run.name, { name: 'inner', tracingEnabled: true, client });
      const outer = traceable(() => inner(), { name: 'outer', tracingEnabled: true, client });
      tell(await outer());
      stop();
      tell(await outer());
      start();
      tell(await outer());
      process.env.LANGSMITH_TRACING = 'true';
      tell(continueTrace({ 'langsmith-trace': trace }, () => getCurrentRunTree(true)?.dotted_order));`);
    expect(told).toEqual(['outer', 'outer', 'outer', trace]);
  });
});
