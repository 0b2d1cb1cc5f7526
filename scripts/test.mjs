/**
 * Runs the tests on this Node.js.
 *
 *   npm test                                       all but the campaigns
 *   npm test -- test/core.test.ts                  only these files
 *   npm run test:campaigns                         the tests that take long, or install what they test with
 *
 * The last lines name the skipped tests and the reasons.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readArguments, refuseArguments } from './arguments.mjs';
import { root, runVitest } from './nodes.mjs';
import { CAMPAIGNS, NOT_IN_TEST, PARTLY_CAMPAIGNS } from './test-files.mjs';

const isCampaign = process.argv.includes('--campaigns');
const script = isCampaign ? 'test:campaigns' : 'test';
const { positionals: files } = readArguments(
  script,
  { campaigns: { type: 'boolean' } },
  { positionals: 'any' },
);
for (const file of files) {
  if (!existsSync(join(root, file))) refuseArguments(script, `there is no ${file}`);
}

const passed = isCampaign
  ? runVitest(files.length > 0 ? files : [...CAMPAIGNS, ...PARTLY_CAMPAIGNS], {
      TRACE_AGENT_CAMPAIGN: 'true',
    })
  : runVitest(files.length > 0 ? files : NOT_IN_TEST.map((pattern) => `--exclude=${pattern}`), {});
process.exitCode = passed ? 0 : 1;
