/**
 * The names of the libraries that the agent patches, and the setting that selects them. The patches are in
 * `instrumentation/libraries/`, with one file for each library.
 */

/** Package names. A package with one of these names is patched in whichever `node_modules` folder it is found. */
export const LIBRARY_NAMES: readonly string[] = [
  '@grpc/grpc-js',
  '@langchain/langgraph-api',
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/sdk',
  '@modelcontextprotocol/server',
  'amqp-connection-manager',
  'amqplib',
  'async',
  'async-lock',
  'bluebird',
  'bottleneck',
  'bullmq',
  'cockatiel',
  'fastq',
  'generic-pool',
  'http2-wrapper',
  'mysql',
  'mysql2',
  'neo-async',
  'p-limit',
  'p-queue',
  'pg',
  'pg-cursor',
  'pg-pool',
  'promise-limit',
  'promise-queue',
  'queue',
  'redis',
  'semaphore',
  'sqlite3',
  'throat',
];

/** The libraries that may be patched. */
export interface Libraries {
  /** The list in force, for messages and `status()`. */
  readonly source: string;
  readonly names: readonly string[];
  /** The libraries that the list names one by one. */
  readonly named: readonly string[];
}

export interface ParsedLibraries {
  readonly libraries: Libraries;
  readonly warning: string | undefined;
}

/** The value of `*`. */
export const ALL_LIBRARIES: Libraries = Object.freeze({ source: '*', names: LIBRARY_NAMES, named: [] });
const NO_LIBRARIES: Libraries = Object.freeze({ source: 'none', names: [], named: [] });

/**
 * Parses a list of library names, separated by commas: `*`, `none`, names, and `!name` to exclude one. A list with
 * exclusions alone excludes from all libraries. Unknown names are ignored and named in the warning. The list means
 * `none` if no entry is left, if an unknown name was an exclusion, or if `none` stands beside other entries.
 */
export function parseLibraries(list: string): ParsedLibraries {
  const entries = list
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  const bad = entries.filter((entry) => entry !== 'none' && bare(entry) !== '*' && !isKnown(bare(entry)));
  const good = entries.filter((entry) => !bad.includes(entry));
  const unknown = `${bad.map((entry) => JSON.stringify(entry)).join(', ')} names no library that the agent knows`;
  if (bad.some((entry) => entry.startsWith('!'))) return closed(`${unknown}; none is used`);
  if (good.length === 0)
    return closed(bad.length === 0 ? 'holds no name; none is used' : `${unknown}; none is used`);
  if (good.includes('none') && good.length > 1) return closed('none stands beside other names; none is used');
  const source = good.join(',');
  const excluded = good.filter((entry) => entry.startsWith('!')).map(bare);
  const included = good.filter((entry) => !entry.startsWith('!') && entry !== 'none');
  const isAll = included.includes('*') || (included.length === 0 && excluded.length > 0);
  const names = LIBRARY_NAMES.filter(
    (name) => (isAll || included.includes(name)) && !excluded.includes(name) && !excluded.includes('*'),
  );
  return {
    libraries: Object.freeze({ source, names, named: names.filter((name) => included.includes(name)) }),
    warning: bad.length === 0 ? undefined : `${unknown}; ${source} is used`,
  };
}

function closed(warning: string): ParsedLibraries {
  return { libraries: NO_LIBRARIES, warning };
}

function bare(entry: string): string {
  return entry.startsWith('!') ? entry.slice(1).trim() : entry;
}

function isKnown(name: string): boolean {
  return LIBRARY_NAMES.includes(name);
}
