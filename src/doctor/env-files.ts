/** Variables that stand in `.env`, or in the file of `--env-file`. Node.js does not read `.env` by itself. */
import { resolve } from 'node:path';
import { startTexts } from './command-line.ts';
import { dependenciesOf, type Project, readText } from './project.ts';

export interface EnvFile {
  readonly variables: Readonly<Record<string, string>>;
  /** The reader of the file: Node.js before the preload, the application after it, or nobody. */
  readonly reader: 'node' | 'application' | 'nobody';
}

const OF_INTEREST = /^(TRACE_AGENT|LANGSMITH|LANGCHAIN)_/;

/** @returns `undefined` if there is no such file, or nothing of interest in it */
export function readEnvFile(project: Project): EnvFile | undefined {
  const named = startTexts(project)
    .map(({ text }) => /--env-file(?:-if-exists)?[= ]["']?([^\s"']+)/.exec(text)?.[1])
    .find((name) => name !== undefined);
  const text = readText(resolve(project.directory, named ?? '.env'));
  if (text === undefined) return undefined;
  const variables = Object.fromEntries(
    [...text.matchAll(/^\s*(?:export\s+)?([A-Z]\w*)\s*=\s*(.*?)\s*$/gm)]
      .map(([, name, value]) => [name as string, unquoted(value as string)])
      .filter(([name]) => OF_INTEREST.test(name as string)),
  );
  if (Object.keys(variables).length === 0) return undefined;
  const isReadLater = dependenciesOf(project).some((name) =>
    /^(dotenv|dotenv-.*|next|@nestjs\/config)$/.test(name),
  );
  return { variables, reader: named !== undefined ? 'node' : isReadLater ? 'application' : 'nobody' };
}

/** dotenv and Node.js remove one pair of quotes, and a comment behind it. */
function unquoted(value: string): string {
  const quoted = /^(["'`])(.*)\1\s*(?:#.*)?$/.exec(value)?.[2];
  return quoted ?? value.replace(/\s+#.*$/, '');
}
