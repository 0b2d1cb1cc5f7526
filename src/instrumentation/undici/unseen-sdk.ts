/**
 * Warns if a LangSmith SDK cannot be linked because it was loaded into a vm context. A test runner (Jest, vitest with
 * `vmThreads` or `vmForks`) and Next.js's edge runtime load the application that way. Such an SDK has its own
 * `globalThis` and never finds the agent's storage. It is recognized by its own traffic: runs are sent by a file of the
 * SDK that this context has not loaded.
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { logOnce } from '../../log.ts';
import { stackHere } from '../stack.ts';
import { carrierOf, type UndiciRequest } from './carrier.ts';

/** `POST /runs`, `/runs/batch` and `/runs/multipart` (langsmith 0.1 to 0.12). */
const PATH = '/runs';
/** Matches a file of the package in a stack, with the start of its URL if it was loaded as an ES module. */
const SDK_FILE = /(file:\/\/)?((?:\/|[A-Za-z]:\\)[^\n()]*[\\/]langsmith[\\/](?:dist|lib)[\\/][^\n():]+)/;

const WARNING =
  'the LangSmith SDK was loaded into a vm context, as by Jest, by vitest with vmThreads or by an edge runtime: ' +
  'its runs cannot be linked to the caller, and its requests do not carry them';

/**
 * @returns a function that is called with each request until the SDK has asked for the agent's storage. It must not
 *   throw.
 */
export function createUnseenSDKWarning(): (request: UndiciRequest) => void {
  let isDecided = false;
  return (request) => {
    if (isDecided || !request.path?.includes(PATH)) return;
    const agent = carrierOf(request)?.header(request, 'user-agent');
    if (typeof agent !== 'string' || !agent.startsWith('langsmith-js/')) return;
    isDecided = true;
    const found = SDK_FILE.exec(stackHere(50));
    if (found !== null && !isLoadedHere(found[1] !== undefined, found[2] as string)) {
      logOnce('vm context', 'warn', WARNING);
    }
  };
}

/** An ES module can be in a vm context only if Node.js was started with `--experimental-vm-modules`. */
function isLoadedHere(isModule: boolean, file: string): boolean {
  if (isModule) return !('SourceTextModule' in builtin<object>('vm'));
  const { _cache: cache } = moduleClass<{ _cache?: object }>();
  return cache === undefined || file in cache;
}
