// How a handler goes about the trace it was sent: `(request, call, metadata)`, where `call(headers)` calls the upstream
// and `metadata` is how many bytes of it the run of this service has. Each loads only what it needs.

/** Knows nothing of tracing. */
function plain() {
  return (_request, call) => call();
}

/** The floor: nobody can do it for less. The two headers, as they came, under one AsyncLocalStorage. */
function floor() {
  const { AsyncLocalStorage } = require('node:async_hooks');
  const inbound = new AsyncLocalStorage();
  return (request, call) => {
    const { 'langsmith-trace': trace, baggage } = request.headers;
    if (trace === undefined) return call();
    return inbound.run({ 'langsmith-trace': trace, baggage }, async () => call(inbound.getStore()));
  };
}

/** As LangSmith's guide has it, without a run of this service's own. */
function sdk() {
  const { RunTree } = require('langsmith');
  const { getCurrentRunTree, withRunTree } = require('langsmith/traceable');
  return (request, call) => {
    const parent = RunTree.fromHeaders(request.headers);
    return withRunTree(parent, async () => call(getCurrentRunTree().toHeaders()));
  };
}

/** A run of this service's own, and nothing done about headers. */
function runs() {
  const { getCurrentRunTree } = require('langsmith/traceable');
  const traced = tracedCall();
  return (_request, call, metadata) =>
    traced(() => {
      describe(getCurrentRunTree(), metadata);
      return call();
    });
}

/** The same with the headers by hand. */
function sdkRuns() {
  const { RunTree } = require('langsmith');
  const { getCurrentRunTree, withRunTree } = require('langsmith/traceable');
  const traced = tracedCall();
  return (request, call, metadata) =>
    withRunTree(RunTree.fromHeaders(request.headers), () =>
      traced(() => {
        const run = getCurrentRunTree();
        describe(run, metadata);
        return call(run.toHeaders());
      }),
    );
}

function tracedCall() {
  const { RunTree } = require('langsmith');
  const { traceable } = require('langsmith/traceable');
  globalThis.benchFlush = () => RunTree.getSharedClient().awaitPendingTraceBatches();
  return traceable(async (work) => work(), {
    name: 'handle',
    processInputs: () => ({}),
    processOutputs: () => ({}),
  });
}

function describe(run, metadata) {
  if (metadata > 0) run.extra.metadata = { ...run.extra.metadata, note: 'm'.repeat(metadata) };
}

module.exports = { plain, floor, sdk, runs, sdkRuns };
