import { describe, expect, test } from 'vitest';
import type { StartOptions } from '../src/api.ts';
import { type Config, readConfig } from '../src/config.ts';
import { matches } from '../src/policy/patterns.ts';

/** What `status()` says of it. */
const summary = ({ propagateTo, shareMetadataWith, trust, libraries, ...rest }: Config) => ({
  ...rest,
  propagateTo: propagateTo.source,
  shareMetadataWith: shareMetadataWith.source,
  trust: trust.source,
  libraries: libraries.source,
});

const DEFAULTS = {
  enabled: true,
  force: false,
  propagateTo: '*',
  shareMetadataWith: 'internal',
  trust: 'internal',
  libraries: '*',
  traceInBaggage: true,
  maxHeaderBytes: 8192,
  flush: 0,
  log: 'warn',
};

const VARIABLES = {
  enabled: 'TRACE_AGENT_ENABLED',
  force: 'TRACE_AGENT_FORCE',
  propagateTo: 'TRACE_AGENT_PROPAGATE_TO',
  shareMetadataWith: 'TRACE_AGENT_SHARE_METADATA_WITH',
  trust: 'TRACE_AGENT_TRUST',
  libraries: 'TRACE_AGENT_LIBRARIES',
  traceInBaggage: 'TRACE_AGENT_TRACE_IN_BAGGAGE',
  maxHeaderBytes: 'TRACE_AGENT_MAX_HEADER_BYTES',
  flush: 'TRACE_AGENT_FLUSH',
  log: 'TRACE_AGENT_LOG',
} as const;
type Name = keyof typeof VARIABLES;
const NAMES = Object.keys(VARIABLES) as Name[];

function read(env: NodeJS.ProcessEnv, options?: unknown) {
  const { config, warnings } = readConfig(env, options as StartOptions | undefined);
  return { ...summary(config), warnings };
}

const GOOD: [Name, string, unknown][] = [
  ['enabled', 'true', true],
  ['enabled', 'TRUE', true],
  ['enabled', '1', true],
  ['enabled', 'false', false],
  ['enabled', 'False', false],
  ['enabled', '0', false],
  ['enabled', ' false ', false],
  ['force', '1', true],
  ['force', 'True', true],
  ['force', '0', false],
  ['propagateTo', 'none', 'none'],
  ['propagateTo', ' a.com , !b.com ', 'a.com,!b.com'],
  ['shareMetadataWith', '*', '*'],
  ['shareMetadataWith', 'internal,*.example.com:8443', 'internal,*.example.com:8443'],
  ['trust', '10.0.0.0/8,::1', '10.0.0.0/8,::1'],
  ['trust', '!10.0.0.1', '!10.0.0.1'],
  ['trust', '"none"', 'none'],
  ['trust', '10.0.0.1 10.0.0.2', '10.0.0.1,10.0.0.2'],
  ['trust', '10.0.0.1;10.0.0.2', '10.0.0.1,10.0.0.2'],
  ['propagateTo', "'internal'", 'internal'],
  ['propagateTo', 'internal;api.example.com', 'internal,api.example.com'],
  ['enabled', '"false"', false],
  ['maxHeaderBytes', "'4096'", 4096],
  ['log', '"silent"', 'silent'],
  ['flush', 'off', 0],
  ['flush', 'OFF', 0],
  ['flush', '0', 0],
  ['flush', '1', 1],
  ['flush', ' 2000 ', 2000],
  ['flush', '900000', 900_000],
  ['libraries', 'none', 'none'],
  ['libraries', ' pg , p-queue ', 'pg,p-queue'],
  ['libraries', '!@grpc/grpc-js', '!@grpc/grpc-js'],
  ['traceInBaggage', 'false', false],
  ['traceInBaggage', '0', false],
  ['traceInBaggage', 'True', true],
  ['maxHeaderBytes', '77', 77],
  ['maxHeaderBytes', '4096', 4096],
  ['maxHeaderBytes', ' 16384\n', 16_384],
  ['maxHeaderBytes', '1048576', 1_048_576],
  ['log', 'silent', 'silent'],
  ['log', 'error', 'error'],
  ['log', 'info', 'info'],
  ['log', 'DEBUG', 'debug'],
  ['log', ' Warn ', 'warn'],
];

const MILLISECONDS = 'not off or a whole number of milliseconds up to 900000; 0 is used';
const RANGE = 'not a whole number of bytes from 77 to 1048576; 8192 is used';
const BAD: [Name, string, string][] = [
  ['enabled', 'yes', 'neither true nor false; true is used'],
  ['enabled', 'off', 'neither true nor false; true is used'],
  ['force', 'yes', 'neither true nor false; false is used'],
  ['propagateTo', 'https://a.com', '"https://a.com" is read as host and port; a.com:443 is used'],
  ['propagateTo', '*,!https:/a.com', '"!https:/a.com" cannot be read; none is used'],
  ['propagateTo', 'a.com/x', '"a.com/x" cannot be read; none is used'],
  ['propagateTo', ',', 'holds no pattern; none is used'],
  ['propagateTo', 'none,a.com', 'none stands beside other patterns; none is used'],
  ['shareMetadataWith', 'a.com:x', '"a.com:x" cannot be read; none is used'],
  ['shareMetadataWith', 'a.com,b.com/x', '"b.com/x" cannot be read; a.com is used'],
  ['trust', '10.0.0.0/33', '"10.0.0.0/33" cannot be read; none is used'],
  ['trust', '"internal', '"\\"internal" cannot be read; none is used'],
  ['flush', '-1', MILLISECONDS],
  ['flush', '2s', MILLISECONDS],
  ['flush', '1.5', MILLISECONDS],
  ['flush', '900001', MILLISECONDS],
  ['flush', 'true', MILLISECONDS],
  ['traceInBaggage', 'off', 'neither true nor false; true is used'],
  ['maxHeaderBytes', '76', RANGE],
  ['maxHeaderBytes', '1048577', RANGE],
  ['maxHeaderBytes', '-1', RANGE],
  ['maxHeaderBytes', '8kb', RANGE],
  ['maxHeaderBytes', '8192.5', RANGE],
  ['maxHeaderBytes', '1e4', RANGE],
  ['maxHeaderBytes', '0x2000', RANGE],
  ['maxHeaderBytes', 'Infinity', RANGE],
  ['maxHeaderBytes', '٨١٩٢', RANGE],
  ['maxHeaderBytes', '9'.repeat(400), RANGE],
  ['log', 'verbose', 'none of silent, error, warn, info, debug; warn is used'],
  ['log', 'warn\nerror', 'none of silent, error, warn, info, debug; warn is used'],
];

test('with nothing set, the defaults of the README', () => {
  expect(read({})).toEqual({ ...DEFAULTS, warnings: [] });
  expect(read({}, {})).toEqual({ ...DEFAULTS, warnings: [] });
});

test.each(NAMES)('%s: an empty variable is one that is not set', (name) => {
  for (const value of ['', ' ', '\t\n', '""', "' '"]) {
    expect(read({ [VARIABLES[name]]: value })).toEqual({ ...DEFAULTS, warnings: [] });
  }
});

test.each(GOOD)('%s=%j', (name, value, expected) => {
  const result = { ...DEFAULTS, [name]: expected, warnings: [] };
  expect(read({ [VARIABLES[name]]: value })).toEqual(result);
  expect(read({}, { [name]: value })).toEqual(result);
});

test('shows no password of a URL in a warning', () => {
  const { warnings } = readConfig({
    TRACE_AGENT_PROPAGATE_TO: 'https://user:secret@a.com',
    TRACE_AGENT_TRUST: 'user:secret@10.0.0.1',
  });
  expect(warnings).toEqual([
    'TRACE_AGENT_PROPAGATE_TO="https://…@a.com": "https://…@a.com" is read as host and port; a.com:443 is used',
    expect.stringMatching(/^TRACE_AGENT_TRUST="…@10\.0\.0\.1": .*none is used$/),
  ]);
});

describe('a bad value gives one warning and the default; a bad list means none', () => {
  test.each(BAD)('%s=%j: %s', (name, value, sentence) => {
    const used = /([^ ]+) is used$/.exec(sentence)?.[1] ?? '';
    const asVariable = read({ [VARIABLES[name]]: value });
    expect(asVariable.warnings).toEqual([`${VARIABLES[name]}=${JSON.stringify(value)}: ${sentence}`]);
    expect(String(asVariable[name])).toBe(used);
    const asOption = read({}, { [name]: value });
    expect(asOption.warnings).toEqual([`option ${name}=${JSON.stringify(value)}: ${sentence}`]);
    expect(String(asOption[name])).toBe(used);
  });

  test('each is named, and the good ones hold', () => {
    const result = read({ TRACE_AGENT_ENABLED: 'x', TRACE_AGENT_LOG: 'y', TRACE_AGENT_TRUST: '10.0.0.1' });
    expect(result).toMatchObject({ ...DEFAULTS, trust: '10.0.0.1' });
    expect(result.warnings.map((warning) => warning.split('=')[0])).toEqual([
      'TRACE_AGENT_ENABLED',
      'TRACE_AGENT_LOG',
    ]);
  });

  test.each(NAMES)('a warning of %s is one line, whatever the value', (name) => {
    const { warnings } = read({ [VARIABLES[name]]: 'a/b\r\n c/d' });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toMatch(/[\r\n]/);
  });

  // A peer is an address: such an entry never holds, so an exception would be lost and a grant be missed.
  test.each([
    ['localhost', 'none'],
    ['gateway.example.com', 'none'],
    ['*.example.com', 'none'],
    ['10.0.0.1:8080', 'none'],
    ['*,orders', '*'],
    ['10.0.0.0/8,orders', '10.0.0.0/8'],
    ['*,!evil.example.com', 'none'],
    ['*,!10.0.0.1:8080', 'none'],
  ])('TRACE_AGENT_TRUST=%s names no peer; %s is used', (value, used) => {
    const { trust, warnings } = read({ TRACE_AGENT_TRUST: value });
    const entry = value.split(',').at(-1);
    const why = `"${entry}" names no peer, which is an address without a port; ${used} is used`;
    expect(warnings).toEqual([`TRACE_AGENT_TRUST="${value}": ${why}`]);
    expect(trust).toBe(used);
  });
});

describe('options', () => {
  const env = {
    TRACE_AGENT_ENABLED: 'false',
    TRACE_AGENT_FORCE: 'true',
    TRACE_AGENT_PROPAGATE_TO: 'env.com',
    TRACE_AGENT_SHARE_METADATA_WITH: 'env.com',
    TRACE_AGENT_TRUST: '10.0.0.1',
    TRACE_AGENT_LIBRARIES: 'pg',
    TRACE_AGENT_TRACE_IN_BAGGAGE: 'false',
    TRACE_AGENT_MAX_HEADER_BYTES: '1000',
    TRACE_AGENT_FLUSH: '100',
    TRACE_AGENT_LOG: 'debug',
  };
  const fromEnv = {
    enabled: false,
    force: true,
    propagateTo: 'env.com',
    shareMetadataWith: 'env.com',
    trust: '10.0.0.1',
    libraries: 'pg',
    traceInBaggage: false,
    maxHeaderBytes: 1000,
    flush: 100,
    log: 'debug',
    warnings: [],
  };
  const options = {
    enabled: true,
    force: false,
    propagateTo: 'option.com',
    shareMetadataWith: '*',
    trust: 'none',
    libraries: '!pg',
    traceInBaggage: true,
    maxHeaderBytes: 2000,
    flush: 200,
    log: 'error',
  } as const;

  test('outrank variables, each by itself', () => {
    expect(read(env, options)).toEqual({ ...options, warnings: [] });
    for (const name of NAMES) {
      expect(read(env, { [name]: options[name] })).toEqual({ ...fromEnv, [name]: options[name] });
    }
  });

  test('outrank a bad variable, without a warning of it', () => {
    expect(read({ TRACE_AGENT_LOG: 'bad' }, { log: 'info' })).toEqual({
      ...DEFAULTS,
      log: 'info',
      warnings: [],
    });
  });

  test('that are undefined are not given', () => {
    const undefinedOptions = Object.fromEntries(NAMES.map((name) => [name, undefined]));
    expect(read(env, undefinedOptions)).toEqual(fromEnv);
    expect(read(env, undefined)).toEqual(fromEnv);
  });

  test('are not written to', () => {
    expect(() => readConfig(Object.freeze({ ...env }), Object.freeze({ ...options }))).not.toThrow();
  });
});

test('the result is frozen, and so is each list in it', () => {
  const { config } = readConfig({ TRACE_AGENT_TRUST: '10.0.0.1,!10.0.0.2' });
  expect(config).toSatisfy(Object.isFrozen);
  for (const list of [config.propagateTo, config.shareMetadataWith, config.trust]) {
    expect([list, list.includes, list.excludes].map(Object.isFrozen)).toEqual([true, true, true]);
  }
});

test('it does not follow the environment afterwards', () => {
  const env: NodeJS.ProcessEnv = { TRACE_AGENT_TRUST: 'none' };
  const { config } = readConfig(env);
  env['TRACE_AGENT_TRUST'] = '*';
  expect(matches(config.trust, { host: '127.0.0.1', port: undefined })).toBe(false);
});

describe('never throws, and never accepts an invalid value', () => {
  const fail = () => {
    throw new Error('hostile');
  };
  const VALUES: [string, unknown][] = [
    ['null', null],
    ['a symbol', Symbol('x')],
    ['an object', {}],
    ['an object without a prototype', Object.create(null)],
    ['an object whose toString throws', { toString: fail }],
    ['a function', () => '*'],
    ['NaN', Number.NaN],
    ['an empty text', ''],
    ['an empty list', []],
  ];

  const LISTS: readonly Name[] = ['propagateTo', 'shareMetadataWith', 'trust', 'libraries'];

  test.each(VALUES)('an option that is %s is a warning and the default, or none for a list', (_, value) => {
    for (const name of NAMES) {
      const { warnings, ...config } = read({}, { [name]: value });
      expect(config).toEqual(LISTS.includes(name) ? { ...DEFAULTS, [name]: 'none' } : DEFAULTS);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(new RegExp(`^option ${name}=`));
      expect(warnings[0]).toMatch(/ is used$/);
    }
  });

  test.each([true, 7, 8192n])('a list that is %s is a warning and none, not a host of that name', (value) => {
    for (const name of LISTS) {
      const { warnings, ...config } = read({}, { [name]: value });
      expect(config).toEqual({ ...DEFAULTS, [name]: 'none' });
      expect(warnings).toHaveLength(1);
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -0.5])('a size that is %s is named as it is', (value) => {
    const { warnings } = read({}, { maxHeaderBytes: value });
    expect(warnings).toEqual([`option maxHeaderBytes=${value}: ${RANGE}`]);
  });

  test.each([[null], [7], ['x'], [true], [[]], [Symbol('x')], [() => {}]])(
    'options that are %s are none',
    (options) => {
      expect(read({}, options)).toMatchObject(DEFAULTS);
    },
  );
});
