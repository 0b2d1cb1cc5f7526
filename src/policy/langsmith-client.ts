/**
 * Recognizes requests of LangSmith's SDKs by their headers. A client that no run uses may send to an address that the
 * agent has not learned. Read in langsmith 0.1.0 to 0.12.0 (`client.js`, `core/`, `sandbox/`).
 */

/**
 * `langsmith-js/0.12.0`; `Langsmith/JS 0.12.0` of the generated client (from 0.7 on); those of other languages, for a
 * gateway that forwards their traffic.
 */
const USER_AGENT = /^langsmith(?:-[a-z]+)?\//i;

/** The keys that LangSmith issues. */
const KEY = /^ls(?:v\d+_|__)/;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/**
 * Paths that only LangSmith's API has. A client may set another `User-Agent`, and `SandboxClient` has none of its own,
 * but each sends `x-api-key`. Clients of many other services send `x-api-key` too, among them those of LangGraph's
 * server. That server also has `/runs`, `/runs/stream`, `/runs/wait`, `/runs/batch` and `/threads`, and it must get the
 * trace, so these paths are not listed.
 */
const OWN_PATH = new RegExp(
  `/(?:runs/(?:${UUID}|query|stats|multipart|group)|annotation-queues|v[12]/(?:platform|sandboxes)|boxes|execute/ws|api/v[12]/[a-z-]+|hub/repos)(?:/|$)`,
);
/** Further paths that count if the request has a key of LangSmith's. */
const PATH =
  /\/(?:info|sessions|datasets|examples|feedback|feedback-configs|commits|repos|likes|settings|public|execute|upload|download)(?:\/|$)/;

type HeaderValue = string | readonly string[] | undefined;

/**
 * @param header returns a header of the request by its lower-case name
 * @param target returns the request target
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
