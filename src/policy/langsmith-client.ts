/**
 * Requests of LangSmith's SDKs, known by their own headers: a client that no run has need not point to an address that is
 * known. Read in langsmith 0.1.0 to 0.12.0 (`client.js`, `core/`, `sandbox/`).
 */

/**
 * `langsmith-js/0.12.0`; `Langsmith/JS 0.12.0` of the generated client (from 0.7 on); the other languages' where a gateway
 * passes their traffic on.
 */
const USER_AGENT = /^langsmith(?:-[a-z]+)?\//i;

/** The keys that LangSmith issues. */
const KEY = /^ls(?:v\d+_|__)/;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/**
 * What nothing else is called. A client may have another `User-Agent`, and `SandboxClient` has none of its own, but each
 * sends `x-api-key`. So do the clients of many other services, LangGraph's server among them: `/runs`, `/runs/stream`,
 * `/runs/wait`, `/runs/batch` and `/threads` are its as well, and it shall get the trace.
 */
const OWN_PATH = new RegExp(
  `/(?:runs/(?:${UUID}|query|stats|multipart|group)|annotation-queues|v[12]/(?:platform|sandboxes)|boxes|execute/ws|api/v[12]/[a-z-]+|hub/repos)(?:/|$)`,
);
/** With a key of LangSmith's, these too. */
const PATH =
  /\/(?:info|sessions|datasets|examples|feedback|feedback-configs|commits|repos|likes|settings|public|execute|upload|download)(?:\/|$)/;

type HeaderValue = string | readonly string[] | undefined;

/**
 * @param header gives a header of the request by its lower-case name
 * @param target gives the request target
 */
export function isLangSmithClient(header: (name: string) => HeaderValue, target: () => string): boolean {
  if (some(header('user-agent'), (agent) => USER_AGENT.test(agent))) return true;
  const key = header('x-api-key');
  if (key === undefined) return false;
  const path = target().replace(/[?#].*$/s, '');
  return OWN_PATH.test(path) || (PATH.test(path) && some(key, (one) => KEY.test(one)));
}

function some(value: HeaderValue, is: (text: string) => boolean): boolean {
  return typeof value === 'string' ? is(value) : value?.some(is) === true;
}
