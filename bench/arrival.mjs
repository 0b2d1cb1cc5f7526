/**
 * Checks, before anything is timed, that the headers of each variant arrive, so that no variant is fast because it
 * does nothing.
 */
import { openLoad, times } from './load.mjs';
import { dottedOrder, requestWriter, traceIdOf } from './requests.mjs';

const TRACING_HEADERS = ['langsmith-trace', 'baggage', 'traceparent', 'sentry-trace', 'x-datadog-trace-id'];
/** The second of two requests is checked, so that headers that only the first request gets do not count. */
const SENT = 2;

/**
 * The checks, as `(headers at the upstream, number of the request)`. Each returns `undefined` or a description of the
 * problem.
 */
const CHECKS = {
  nothing(headers) {
    const sent = TRACING_HEADERS.filter((name) => headers[name] !== undefined);
    return sent.length === 0 ? undefined : `it sent ${sent.join(', ')}`;
  },
  'same trace'(headers, n) {
    const trace = headers['langsmith-trace'];
    if (trace !== dottedOrder(traceIdOf(n))) return `langsmith-trace was ${trace}`;
    return mustContain('baggage', headers, 'langsmith-project=caller');
  },
  'child of the trace'(headers, n) {
    const trace = headers['langsmith-trace'];
    const parent = dottedOrder(traceIdOf(n));
    return trace?.startsWith(`${parent}.`)
      ? undefined
      : `langsmith-trace was ${trace}, no child of ${parent}`;
  },
  traceparent: (headers, n) => mustContain('traceparent', headers, traceIdOf(n).replaceAll('-', '')),
  'sentry-trace': (headers) => mustContain('sentry-trace', headers, ''),
};

function mustContain(name, headers, part) {
  const value = headers[name];
  return value?.includes(part) ? undefined : `${name} was ${value}`;
}

/** Throws a descriptive error if a variant does not send the expected headers with one of these clients. */
export async function checkArrival({ variant, server, upstream, sink, clients }) {
  for (const client of clients) {
    let last = 0;
    const write = requestWriter(`/${client}`, variant);
    const load = await openLoad(
      server.url,
      (n) => {
        last = n;
        return write(n);
      },
      { connections: 1 },
    );
    upstream.headers = {};
    const before = { calls: upstream.requests, published: sink.posts };
    await load.send(times(SENT));
    load.close();
    const fail = (why) => {
      throw new Error(`${variant.label}, by ${client}: ${why}`);
    };
    if (upstream.requests !== before.calls + SENT)
      fail(`${upstream.requests - before.calls} of ${SENT} arrived`);
    const wrong = CHECKS[variant.expect](upstream.headers, last);
    if (wrong !== undefined) fail(wrong);
    await server.flush();
    if (variant.tracing && sink.posts === before.published) fail('no run was published');
  }
}
