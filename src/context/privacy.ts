import type { RunTreeLike } from './run-tree.ts';

/** The settings of a client that hide what it sends, as far as they concern data that is also in the headers. */
interface HidingClient {
  readonly hideMetadata?: unknown;
  readonly anonymizer?: unknown;
}

const VARIABLES = ['LANGSMITH_HIDE_METADATA', 'LANGCHAIN_HIDE_METADATA'] as const;

/**
 * Whether the metadata of a run must not leave the process unchanged. The client says so by an option (`true`, or a
 * function that changes the metadata), by an anonymizer, or by a variable that it read when it was made (langsmith
 * 0.5.17 to 0.12.0, `client.js`). The variable is also respected with an older SDK, which does not know it. No option
 * hides tags, project or trace.
 */
export function hidesMetadata({ client, replicas }: RunTreeLike, env: NodeJS.ProcessEnv): boolean {
  if (hides(client, env)) return true;
  // A replica may be sent by a client of its own.
  return Array.isArray(replicas) && replicas.some((one) => one?.client != null && hides(one.client, env));
}

function hides(client: unknown, env: NodeJS.ProcessEnv): boolean {
  const { hideMetadata, anonymizer } = (client ?? {}) as HidingClient;
  if (hideMetadata !== undefined) return hideMetadata !== false;
  if (anonymizer !== undefined && anonymizer !== null) return true;
  return VARIABLES.some((name) => env[name] === 'true');
}
