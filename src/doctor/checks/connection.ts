/** Asks LangSmith, and only if the user wants it. No run is posted, and the key is not shown. */
import type { Finding } from '../report.ts';

const CHECK = 'LangSmith';
const DEFAULT = 'https://api.smith.langchain.com';
const TIMEOUT_MS = 4_000;

export async function checkConnection(isWanted: boolean, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (!isWanted) return [{ outcome: 'skipped', check: CHECK, summary: 'not asked (--connect)' }];
  const bare = (value: string | undefined) => value?.trim().replace(/^(["'])(.*)\1$/, '$2') || undefined;
  const endpoint = bare(env['LANGSMITH_ENDPOINT'] || env['LANGCHAIN_ENDPOINT']) ?? DEFAULT;
  const key = bare(env['LANGSMITH_API_KEY'] || env['LANGCHAIN_API_KEY']);
  const problem = (summary: string, remedy?: string): Finding[] => [
    { outcome: 'problem', check: CHECK, summary, remedy },
  ];
  let origin: string;
  try {
    origin = new URL(endpoint).origin;
  } catch {
    return problem('LANGSMITH_ENDPOINT is not a URL');
  }
  try {
    const info = await ask(`${endpoint}/info`);
    if (!info.ok) return problem(`${origin} answers ${info.status} to GET /info`);
    if (key === undefined) return problem(`${origin} answers; LANGSMITH_API_KEY is missing`);
    const sessions = await ask(`${endpoint}/sessions?limit=1`, { 'x-api-key': key });
    if (sessions.status === 401 || sessions.status === 403) {
      return problem(
        `${origin} refuses the key (${sessions.status})`,
        'Is it a key of this region and workspace?',
      );
    }
    if (!sessions.ok) return problem(`${origin} answers ${sessions.status} to GET /sessions`);
    return [{ outcome: 'ok', check: CHECK, summary: `${origin} answers, and accepts the key` }];
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return problem(`${origin} does not answer: ${cause?.code ?? message}`);
  }
}

function ask(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
}
