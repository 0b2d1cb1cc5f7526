import { describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.ts';
import { LIBRARY_NAMES, parseLibraries } from '../src/libraries.ts';

const names = (list: string) => parseLibraries(list).libraries.names;
const without = (...excluded: string[]) => LIBRARY_NAMES.filter((name) => !excluded.includes(name));

describe('a list of libraries', () => {
  it.each([
    ['*', LIBRARY_NAMES],
    ['none', []],
    ['pg', ['pg']],
    ['pg, @grpc/grpc-js', ['@grpc/grpc-js', 'pg']],
    ['!pg', without('pg')],
    ['*,!pg,! p-queue', without('pg', 'p-queue')],
    ['pg,mysql,!pg', ['mysql']],
    ['!*', []],
  ])('%s is read without a warning', (list, expected) => {
    expect(parseLibraries(list).warning).toBeUndefined();
    expect(names(list)).toEqual(expected);
  });

  it('tells the libraries that it names one by one', () => {
    expect(parseLibraries('*,p-queue,pg,!pg').libraries.named).toEqual(['p-queue']);
    expect(parseLibraries('*').libraries.named).toEqual([]);
  });

  it('leaves out a name that is not known, says so, and keeps the others', () => {
    expect(parseLibraries('pg,pgg')).toEqual({
      libraries: { source: 'pg', names: ['pg'], named: ['pg'] },
      warning: '"pgg" names no library that the agent knows; pg is used',
    });
  });

  it.each([
    ['pgg', '"pgg" names no library that the agent knows; none is used'],
    ['pg,!pgg', '"!pgg" names no library that the agent knows; none is used'],
    ['none,pg', 'none stands beside other names; none is used'],
    [',', 'holds no name; none is used'],
  ])('%s cannot be read and means none', (list, warning) => {
    expect(parseLibraries(list)).toEqual({ libraries: { source: 'none', names: [], named: [] }, warning });
  });

  it('is named in the warning with its variable', () => {
    const { config, warnings } = readConfig({ TRACE_AGENT_LIBRARIES: 'pgg' });
    expect(config.libraries.names).toEqual([]);
    expect(warnings).toEqual([
      'TRACE_AGENT_LIBRARIES="pgg": "pgg" names no library that the agent knows; none is used',
    ]);
  });
});
