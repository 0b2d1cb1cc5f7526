import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkAgentSettings, checkEnvFile } from '../../src/doctor/checks/agent-settings.ts';
import { checkLangSmithSettings } from '../../src/doctor/checks/langsmith-settings.ts';
import { checkPolicy } from '../../src/doctor/checks/policy.ts';
import { readEnvFile } from '../../src/doctor/env-files.ts';
import { nearest } from '../../src/doctor/nearest.ts';
import { readProject } from '../../src/doctor/project.ts';
import { SETTINGS } from '../../src/doctor/setting-names.ts';
import { root } from '../support/app.ts';
import { makeProject } from './support.ts';

const project = (files: Record<string, unknown> = {}, packages: string[] = ['langsmith']) =>
  readProject(makeProject({ files, packages }), {});
const shown = (findings: readonly { outcome: string; summary: string }[]) =>
  findings.map(({ outcome, summary }) => `${outcome}: ${summary}`);

describe('values of LANGSMITH_* that do not mean what they seem to mean', () => {
  const KEY = { LANGSMITH_API_KEY: 'lsv2_pt_0123456789' };
  const check = (env: NodeJS.ProcessEnv) => shown(checkLangSmithSettings(project(), env));

  it.each(['True', 'TRUE', '1', 'yes', '"true"', "'true'", 'true '])(
    'LANGSMITH_TRACING=%s is a problem',
    (value) => {
      const [first, ...others] = check({ LANGSMITH_TRACING: value, ...KEY });
      expect(first).toBe(
        `problem: LANGSMITH_TRACING is ${JSON.stringify(value)}: the SDK wants exactly true, so no run is published`,
      );
      expect(others).toEqual([]);
    },
  );

  it('true with a key is well', () => {
    expect(check({ LANGSMITH_TRACING: 'true', ...KEY })).toEqual([
      'ok: tracing is on, for the project "default"; LANGSMITH_API_KEY: set, 18 characters',
    ]);
  });

  it('tracing that is off is something to know', () => {
    expect(check({})).toEqual([expect.stringMatching(/^note: tracing is off/)]);
    expect(check({ LANGSMITH_TRACING: 'false' })).toEqual([expect.stringMatching(/^note: tracing is off/)]);
  });

  it('a service without an SDK needs no tracing', () => {
    expect(shown(checkLangSmithSettings(project({}, []), {}))).toEqual([
      expect.stringMatching(/^ok: no SDK/),
    ]);
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['a missing key', { LANGSMITH_TRACING: 'true' }, /^problem: .*LANGSMITH_API_KEY is missing/],
    [
      'an empty key',
      { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: '' },
      /^problem: .*LANGSMITH_API_KEY is missing/,
    ],
    [
      'a key with white space',
      { LANGSMITH_TRACING: 'true', LANGSMITH_API_KEY: 'a b' },
      /^problem: .*white space/,
    ],
    [
      'twins that differ',
      { LANGSMITH_TRACING: 'true', LANGCHAIN_TRACING: 'false', ...KEY },
      /^note: LANGSMITH_TRACING and LANGCHAIN_TRACING differ/,
    ],
    [
      'an endpoint that is no URL',
      { LANGSMITH_ENDPOINT: 'api.smith.langchain.com' },
      /^problem: .*is not a URL/,
    ],
    [
      'the address of the web page',
      { LANGSMITH_ENDPOINT: 'https://eu.smith.langchain.com' },
      /^problem: LANGSMITH_ENDPOINT is the address of the web page/,
    ],
    [
      'a switch that another one overrules',
      { LANGSMITH_TRACING: 'false', LANGCHAIN_TRACING_V2: 'true', ...KEY },
      /^note: LANGSMITH_TRACING is false, and another variable switches tracing on/,
    ],
    [
      'a wrong switch beside a right one',
      { LANGSMITH_TRACING: '1', LANGCHAIN_TRACING_V2: 'true', ...KEY },
      /^problem: LANGSMITH_TRACING is "1": .* so this one counts as false$/,
    ],
    [
      'a region at the wrong place',
      { LANGSMITH_ENDPOINT: 'https://api.eu.smith.langchain.com' },
      /^problem: LANGSMITH_ENDPOINT is no known address/,
    ],
    [
      'a rate that is no number',
      { LANGSMITH_TRACING_SAMPLING_RATE: 'half' },
      /^problem: .* is "half", which is no number, so no run is published$/,
    ],
    [
      'a key as the project',
      { LANGSMITH_TRACING: 'true', LANGSMITH_PROJECT: 'lsv2_pt_secret', ...KEY },
      /^ok: .*the project a text of 14 characters;/,
    ],
    ['a rate above 1', { LANGSMITH_TRACING_SAMPLING_RATE: '50' }, /^problem: .*a number from 0 to 1/],
    ['a rate of 0', { LANGSMITH_TRACING_SAMPLING_RATE: '0' }, /^note: .*publishes no run/],
    [
      'a name that is none',
      { LANGSMITH_APIKEY: 'secret' },
      /^problem: LANGSMITH_APIKEY .*did you mean LANGSMITH_API_KEY\?/,
    ],
    [
      'another such name',
      { LANGSMITH_TRACE: 'true' },
      /^problem: LANGSMITH_TRACE .*did you mean LANGSMITH_TRACING\?/,
    ],
  ])('%s is reported', (_what, env, line) => {
    expect(check(env)).toContainEqual(expect.stringMatching(line));
  });

  it('the endpoint of the API is well', () => {
    expect(
      check({ LANGSMITH_ENDPOINT: 'https://eu.api.smith.langchain.com', LANGSMITH_TRACING: 'true', ...KEY }),
    ).toHaveLength(1);
  });
});

describe('the settings of the agent', () => {
  it('are those that the code reads', () => {
    const named = readFileSync(join(root, 'src/config.ts'), 'utf8').matchAll(/'(TRACE_AGENT_\w+)'/g);
    expect([...SETTINGS].sort()).toEqual([...new Set([...named].map(([, name]) => name))].sort());
  });

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    [
      'a value that cannot be read',
      { TRACE_AGENT_MAX_HEADER_BYTES: '8k' },
      /^problem: .*TRACE_AGENT_MAX_HEADER_BYTES/,
    ],
    ['a list that closes', { TRACE_AGENT_TRUST: 'gateway.example.com' }, /^problem: .*names no peer/],
    [
      'a name that is none',
      { TRACE_AGENT_TRUSTED: 'none' },
      /^problem: TRACE_AGENT_TRUSTED is not a setting/,
    ],
    ['an agent that is turned off', { TRACE_AGENT_ENABLED: 'false' }, /^note: TRACE_AGENT_ENABLED is false/],
  ])('%s is reported', (_what, env, line) => {
    expect(shown(checkAgentSettings(env))).toEqual([expect.stringMatching(line)]);
  });

  it('the nearest name is told', () => {
    expect(checkAgentSettings({ TRACE_AGENT_TRUSTED: 'none' })[0]?.remedy).toBe(
      'Did you mean TRACE_AGENT_TRUST?',
    );
    expect(checkAgentSettings({ TRACE_AGENT_SOMETHING_ELSE_ALTOGETHER: '1' })[0]?.remedy).toMatch(/^docs/);
    expect(nearest('PROPAGATE_TOO', ['TRUST', 'PROPAGATE_TO'])).toBe('PROPAGATE_TO');
  });

  it('good values are shown', () => {
    expect(shown(checkAgentSettings({}))).toEqual(['ok: the defaults']);
    expect(shown(checkAgentSettings({ TRACE_AGENT_TRUST: 'none' }))).toEqual(['ok: TRACE_AGENT_TRUST=none']);
  });
});

describe('.env', () => {
  const check = (files: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) =>
    shown(checkEnvFile(readEnvFile(project(files)), env));
  const file = 'export LANGSMITH_TRACING="true"\nOTHER=1\nTRACE_AGENT_TRUST=none # a remark\n';
  const withStart = (start: string, dependencies = {}) => ({
    '.env': file,
    'package.json': { scripts: { start }, dependencies },
  });

  it('is the file that a script names, and a comment behind a quoted value is no part of it', () => {
    const named = project({
      'package.json': { scripts: { start: 'node --env-file=.env.production app.mjs' } },
      '.env': 'LANGSMITH_TRACING=false\n',
      '.env.production': 'LANGSMITH_TRACING="true" # on\n',
    });
    expect(readEnvFile(named)).toEqual({ variables: { LANGSMITH_TRACING: 'true' }, reader: 'node' });
  });

  it('is a problem if nobody reads it', () => {
    expect(check({ '.env': file })).toEqual([
      'problem: LANGSMITH_TRACING, TRACE_AGENT_TRUST stand in .env, which Node.js does not read by itself',
    ]);
  });

  it('is a problem if dotenv reads settings of the agent from it, because that is too late', () => {
    expect(check(withStart('node app.mjs', { dotenv: '16' }))).toEqual([
      'problem: TRACE_AGENT_TRUST stands in .env, which the application reads after the agent has started',
    ]);
  });

  it('is well if Node.js reads it, or if the variables are set anyway', () => {
    expect(check(withStart('node --env-file=.env app.mjs'))).toEqual([]);
    expect(check({ '.env': file }, { LANGSMITH_TRACING: 'true', TRACE_AGENT_TRUST: 'none' })).toEqual([]);
    expect(readEnvFile(project({ '.env': file }))?.variables).toEqual({
      LANGSMITH_TRACING: 'true',
      TRACE_AGENT_TRUST: 'none',
    });
  });
});

describe('--url', () => {
  const check = (url: string, env: NodeJS.ProcessEnv = {}) => shown(checkPolicy([new URL(url)], env));

  it.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'http://orders.internal:8080/',
      {},
      'ok: http://orders.internal:8080: trace and project: yes (TRACE_AGENT_PROPAGATE_TO=*); metadata and tags: yes (TRACE_AGENT_SHARE_METADATA_WITH=internal)',
    ],
    [
      'https://user:secret@api.example.com/v1?key=secret',
      {},
      'ok: https://api.example.com: trace and project: yes (TRACE_AGENT_PROPAGATE_TO=*); metadata and tags: no (TRACE_AGENT_SHARE_METADATA_WITH: internal)',
    ],
    [
      'https://api.example.com/',
      { TRACE_AGENT_PROPAGATE_TO: '*,!*.example.com' },
      'note: https://api.example.com: nothing (TRACE_AGENT_PROPAGATE_TO: !*.example.com)',
    ],
    [
      'https://api.example.com/',
      { TRACE_AGENT_PROPAGATE_TO: 'internal' },
      'note: https://api.example.com: nothing (TRACE_AGENT_PROPAGATE_TO: internal)',
    ],
    [
      'https://api.smith.langchain.com/runs',
      {},
      'note: https://api.smith.langchain.com: nothing (this is LangSmith’s own API)',
    ],
  ])('shows what %s gets', (url, env, line) => {
    expect(check(url, env)).toEqual([line]);
  });

  it('is reported as not run if it is absent', () => {
    expect(checkPolicy([], {})).toEqual([expect.objectContaining({ outcome: 'skipped' })]);
  });
});
