/**
 * The SDK's `RunTree`, as far as the agent reads or writes it. This is the one file that knows its members.
 * Read in langsmith 0.1.31 to 0.12.0 (`run_trees.js`, `client.js`); each member may be missing.
 */
export interface RunTreeLike {
  id?: unknown;
  trace_id?: unknown;
  dotted_order?: unknown;
  parent_run?: unknown;
  parent_run_id?: unknown;
  distributedParentId?: unknown;
  reference_example_id?: unknown;
  start_time?: unknown;
  end_time?: unknown;
  child_runs?: unknown;
  child_execution_order?: unknown;
  execution_order?: unknown;
  _serialized_start_time?: unknown;
  project_name?: unknown;
  address?: unknown;
  tags?: unknown;
  extra?: { metadata?: unknown; runtime?: unknown } & Record<PropertyKey, unknown>;
  client?: unknown;
  replicas?: unknown;
  tracingEnabled?: unknown;
}

/** The key under which LangChain keeps a runnable's configuration in `extra`. */
export const LANGCHAIN_CONFIG = Symbol.for('lc:child_config');
/** The key of LangChain's context variables, in a run or in a bare object. */
export const LANGCHAIN_VARIABLES = Symbol.for('lc:context_variables');

/** A LANGSMITH_ name outranks its LANGCHAIN_ twin, in langsmith from 0.1.64 on. */
const TRACING_VARIABLES = [
  ['LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING_V2'],
  ['LANGSMITH_TRACING', 'LANGCHAIN_TRACING'],
] as const;

/** The SDK's own test (`isRunTree`). The store may also hold `{}`, `{tracingEnabled}` or context variables. */
export function isRunTree(store: unknown): store is RunTreeLike {
  if (typeof store !== 'object' || store === null) return false;
  const { createChild, postRun } = store as { createChild?: unknown; postRun?: unknown };
  return typeof createChild === 'function' && typeof postRun === 'function';
}

/** Whether this run is traced at all. Sampling may still leave it out (`isSampled`). */
export function isTraced(run: RunTreeLike, env: NodeJS.ProcessEnv): boolean {
  if (run.tracingEnabled === false) return false;
  // `postRun` sets `extra.runtime`.
  return run.tracingEnabled === true || run.extra?.runtime !== undefined || isTracingOn(env);
}

/** Read at each call, as the SDK does. */
export function isTracingOn(env: NodeJS.ProcessEnv): boolean {
  return TRACING_VARIABLES.some(([name, twin]) => (env[name] || env[twin]) === 'true');
}
