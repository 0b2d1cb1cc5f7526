/** Variables that stand in `.env`. Node.js does not read that file by itself. */
import { join } from 'node:path';
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
  const text = readText(join(project.directory, '.env'));
  if (text === undefined) return undefined;
  const variables = Object.fromEntries(
    [...text.matchAll(/^\s*(?:export\s+)?([A-Z]\w*)\s*=\s*(.*?)\s*$/gm)]
      .map(([, name, value]) => [name as string, unquoted(value as string)])
      .filter(([name]) => OF_INTEREST.test(name as string)),
  );
  if (Object.keys(variables).length === 0) return undefined;
  const isReadByNode = startTexts(project).some(({ text }) =>
    /--env-file(-if-exists)?[= ]\S*\.env/.test(text),
  );
  const isReadLater = dependenciesOf(project).some((name) =>
    /^(dotenv|dotenv-.*|next|@nestjs\/config)$/.test(name),
  );
  return { variables, reader: isReadByNode ? 'node' : isReadLater ? 'application' : 'nobody' };
}

/** dotenv and Node.js remove one pair of quotes. */
function unquoted(value: string): string {
  const quoted = /^(["'`])(.*)\1$/.exec(value)?.[2];
  return quoted ?? value.replace(/\s+#.*$/, '');
}
