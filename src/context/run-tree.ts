/**
 * The members of the SDK's `RunTree` that the agent reads or writes. Only this file knows them. Read in langsmith
 * 0.1.31 to 0.12.0 (`run_trees.js`, `client.js`). Each member may be missing.
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

/** The key in `extra` under which LangChain keeps the configuration of a runnable. */
export const LANGCHAIN_CONFIG = Symbol.for('lc:child_config');
/** The key of LangChain's context variables, in a run or in a bare object. */
export const LANGCHAIN_VARIABLES = Symbol.for('lc:context_variables');

/** A LANGSMITH_ variable takes precedence over its LANGCHAIN_ counterpart, in langsmith from 0.1.64 on. */
const TRACING_VARIABLES = [
  ['LANGSMITH_TRACING_V2', 'LANGCHAIN_TRACING_V2'],
  ['LANGSMITH_TRACING', 'LANGCHAIN_TRACING'],
] as const;

/** The same check as the SDK's `isRunTree`. The store may also hold `{}`, `{tracingEnabled}` or context variables. */
export function isRunTree(store: unknown): store is RunTreeLike {
  if (typeof store !== 'object' || store === null) return false;
  const { createChild, postRun } = store as { createChild?: unknown; postRun?: unknown };
  return typeof createChild === 'function' && typeof postRun === 'function';
}

/** Whether this run is traced. Sampling may still exclude it (`isSampled`). */
export function isTraced(run: RunTreeLike, env: NodeJS.ProcessEnv): boolean {
  if (run.tracingEnabled === false) return false;
  // `postRun` sets `extra.runtime`.
  return run.tracingEnabled === true || run.extra?.runtime !== undefined || isTracingOn(env);
}

/** Reads the variables at each call, as the SDK does. */
export function isTracingOn(env: NodeJS.ProcessEnv): boolean {
  return TRACING_VARIABLES.some(([name, twin]) => (env[name] || env[twin]) === 'true');
}
