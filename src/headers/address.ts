/**
 * A destination that SDKs from 0.10.8 on support as an alternative to a project: an agent in an environment. On the
 * wire it is `lrn:agents/<id>/environments/<environment>` (langsmith `address.js`, `LRN_PATTERN` and `ensureAgent`).
 */
export interface AgentAddress {
  readonly kind: 'AGENT';
  readonly id: string;
  readonly environment: string;
}

const LRN = /^lrn:agents\/([a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)\/environments\/([a-zA-Z]+)$/;
const ENVIRONMENTS = ['LOCAL', 'DEVELOPMENT', 'STAGING', 'PRODUCTION'];

/** Parses the wire form into the SDK's object. Returns `undefined` if it is invalid. */
export function parseAddress(lrn: string): AgentAddress | undefined {
  const match = LRN.exec(lrn);
  const environment = match?.[2]?.toUpperCase();
  if (match?.[1] === undefined || environment === undefined || !ENVIRONMENTS.includes(environment))
    return undefined;
  return { kind: 'AGENT', id: match[1], environment };
}

/** Formats the SDK's object in its wire form. Returns `undefined` if it is not the address of an agent. */
export function formatAddress(address: unknown): string | undefined {
  if (typeof address !== 'object' || address === null) return undefined;
  const { kind, id, environment } = address as { kind?: unknown; id?: unknown; environment?: unknown };
  if (kind !== 'AGENT' || typeof id !== 'string' || typeof environment !== 'string') return undefined;
  const lrn = `lrn:agents/${id}/environments/${environment.toLowerCase()}`;
  return parseAddress(lrn) === undefined ? undefined : lrn;
}
