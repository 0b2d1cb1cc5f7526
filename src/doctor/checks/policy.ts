/** Shows what policy grants to the URLs that the user asks about. */
import { readConfig } from '../../config.ts';
import { DestinationPolicy } from '../../policy/destinations.ts';
import type { Finding as Decision } from '../../policy/finding.ts';
import { createLangSmithAPI } from '../../policy/langsmith-api.ts';
import { destinationOfURL } from '../../policy/request-names.ts';
import type { Finding } from '../report.ts';

const CHECK = 'policy';

export function checkPolicy(urls: readonly URL[], env: NodeJS.ProcessEnv): Finding[] {
  if (urls.length === 0) {
    return [
      { outcome: 'skipped', check: CHECK, summary: 'not asked (--url URL shows what a destination gets)' },
    ];
  }
  const { config } = readConfig(env);
  const policy = new DestinationPolicy(
    config,
    createLangSmithAPI(env, () => policy.forget()),
  );
  return urls.map((url) => {
    const decision = policy.find(destinationOfURL(url), url.pathname);
    // The rest of a URL may hold a password or a token.
    return {
      outcome: decision.grant === 0 ? 'note' : 'ok',
      check: CHECK,
      summary: `${url.origin}: ${wordsOf(decision, config)}`,
    };
  });
}

function wordsOf(
  { why, by }: Decision,
  { propagateTo, shareMetadataWith }: ReturnType<typeof readConfig>['config'],
): string {
  const [trace, metadata] = ['trace and project', 'metadata and tags'];
  const yes = (list: { source: string }, name: string) => `yes (${name}=${list.source})`;
  switch (why) {
    case 'granted':
      return `${trace}: ${yes(propagateTo, 'TRACE_AGENT_PROPAGATE_TO')}; ${metadata}: ${yes(shareMetadataWith, 'TRACE_AGENT_SHARE_METADATA_WITH')}`;
    case 'external':
      return `${trace}: ${yes(propagateTo, 'TRACE_AGENT_PROPAGATE_TO')}; ${metadata}: no (TRACE_AGENT_SHARE_METADATA_WITH: ${by})`;
    case 'excepted':
    case 'notIncluded':
      return `nothing (TRACE_AGENT_PROPAGATE_TO: ${by})`;
    case 'langSmith':
      return 'nothing (this is LangSmith’s own API)';
    case 'unknown':
      return 'nothing (the host cannot be parsed)';
  }
}
