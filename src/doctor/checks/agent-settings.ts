/** `TRACE_AGENT_*` values that cannot be read, names that are none, and variables in a file that nobody reads in time. */
import { readConfig } from '../../config.ts';
import type { EnvFile } from '../env-files.ts';
import { nearest } from '../nearest.ts';
import type { Finding } from '../report.ts';
import { SETTINGS } from '../setting-names.ts';

const CHECK = 'settings';

/** @param env the variables that the agent reads when it starts */
export function checkAgentSettings(env: NodeJS.ProcessEnv): Finding[] {
  const { config, warnings } = readConfig(env);
  const problem = (summary: string, remedy?: string): Finding => ({
    outcome: 'problem',
    check: CHECK,
    summary,
    remedy,
  });
  const unknown = Object.keys(env)
    .filter((name) => /^TRACE_AGENT_/i.test(name) && !SETTINGS.includes(name))
    .map((name) => {
      const near = nearest(name.toUpperCase(), SETTINGS);
      const remedy = near === undefined ? 'docs/configuration.md has all names.' : `Did you mean ${near}?`;
      return problem(`${name} is not a setting`, remedy);
    });
  const findings = [...warnings.map((warning) => problem(warning)), ...unknown];
  if (!config.enabled) {
    const summary = 'TRACE_AGENT_ENABLED is false, so the agent does nothing';
    findings.push({ outcome: 'note', check: CHECK, summary, remedy: '  unset TRACE_AGENT_ENABLED' });
  }
  if (findings.length > 0) return findings;
  const set = SETTINGS.filter((name) => env[name]);
  const summary = set.length === 0 ? 'the defaults' : set.map((name) => `${name}=${env[name]}`).join(' ');
  return [{ outcome: 'ok', check: CHECK, summary }];
}

/** Whether the variables of `.env` reach those who read them. */
export function checkEnvFile(file: EnvFile | undefined, env: NodeJS.ProcessEnv): Finding[] {
  if (file === undefined || file.reader === 'node') return [];
  const missing = Object.keys(file.variables).filter((name) => env[name] === undefined);
  const ofAgent = missing.filter((name) => name.startsWith('TRACE_AGENT_'));
  const concerned = file.reader === 'nobody' ? missing : ofAgent;
  if (concerned.length === 0) return [];
  const why =
    file.reader === 'nobody'
      ? 'which Node.js does not read by itself'
      : 'which the application reads after the agent has started';
  const summary = `${concerned.join(', ')} ${concerned.length === 1 ? 'stands' : 'stand'} in .env, ${why}`;
  return [{ outcome: 'problem', check: '.env', summary, remedy: '  node --env-file=.env <file>' }];
}
