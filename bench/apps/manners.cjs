// The ways in which a handler treats an inbound trace: `(request, call, metadata)`, where `call(headers)` calls the
// upstream and `metadata` is the number of bytes of metadata in this service's run. Each loads only the modules that
// it needs.

/** Does no tracing. */
function plain() {
  return (_request, call) => call();
}

/**
 * The floor: the least work that passes a trace on. It copies the two headers unchanged, under one AsyncLocalStorage.
 */
function floor() {
  const { AsyncLocalStorage } = require('node:async_hooks');
  const inbound = new AsyncLocalStorage();
  return (request, call) => {
    const { 'langsmith-trace': trace, baggage } = request.headers;
    if (trace === undefined) return call();
    return inbound.run({ 'langsmith-trace': trace, baggage }, async () => call(inbound.getStore()));
  };
}

/** Follows LangSmith's guide, without a run of this service. */
function sdk() {
  const { RunTree } = require('langsmith');
  const { getCurrentRunTree, withRunTree } = require('langsmith/traceable');
  return (request, call) => {
    const parent = RunTree.fromHeaders(request.headers);
    return withRunTree(parent, async () => call(getCurrentRunTree().toHeaders()));
  };
}

/** Creates a run of this service, and does not handle headers. */
function runs() {
  const { getCurrentRunTree } = require('langsmith/traceable');
  const traced = tracedCall();
  return (_request, call, metadata) =>
    traced(() => {
      describe(getCurrentRunTree(), metadata);
      return call();
    });
}

/** Creates a run of this service, and adds the headers by hand. */
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
