/**
 * A test runner (Jest, vitest with `vmThreads` or `vmForks`) and Next.js's edge runtime load the application into a vm
 * context. A LangSmith SDK in there has a `globalThis` of its own and never finds the agent's storage, so its runs cannot
 * be linked. It is recognised by its own traffic: a file of the SDK that this context has not loaded sends runs.
 */
import { builtin, moduleClass } from '../../builtins.ts';
import { logOnce } from '../../log.ts';
import { stackHere } from '../stack.ts';
import { carrierOf, type UndiciRequest } from './carrier.ts';

/** `POST /runs`, `/runs/batch` and `/runs/multipart` (langsmith 0.1 to 0.12). */
const PATH = '/runs';
/** A file of the package in a stack, with the beginning of its address where it was loaded as an ES module. */
const SDK_FILE = /(file:\/\/)?((?:\/|[A-Za-z]:\\)[^\n()]*[\\/]langsmith[\\/](?:dist|lib)[\\/][^\n():]+)/;

const WARNING =
  'the LangSmith SDK was loaded into a vm context, as by Jest, by vitest with vmThreads or by an edge runtime: ' +
  'its runs cannot be linked to the caller, and its requests do not carry them';

/** @returns a function to call with each request until the SDK has asked for the agent's storage. It must not throw. */
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

/** An ES module can only be in a vm context where Node.js was started with `--experimental-vm-modules`. */
function isLoadedHere(isModule: boolean, file: string): boolean {
  if (isModule) return !('SourceTextModule' in builtin<object>('vm'));
  const { _cache: cache } = moduleClass<{ _cache?: object }>();
  return cache === undefined || file in cache;
}
