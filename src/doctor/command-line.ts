/** Finds the options of Node.js in the texts of a project: `NODE_OPTIONS`, scripts, Dockerfiles. */
import { linesOfFiles, type Project } from './project.ts';

/** A text that starts Node.js, and where it stands. */
export interface StartText {
  readonly where: string;
  readonly text: string;
  /** Whether the text holds options only, as `NODE_OPTIONS` does. */
  readonly isOptions: boolean;
}

export interface Preload {
  readonly flag: string;
  readonly target: string;
  readonly where: string;
  /** Whether the option stands behind the file, so that the application gets it and not Node.js. */
  readonly isBehindFile: boolean;
}

const FILES =
  /^(Dockerfile|Containerfile|Procfile)(\..*)?$|^(docker-)?compose(\..*)?\.ya?ml$|^ecosystem\.config\.c?js$/;
const PRELOAD = /(--import|--require|--experimental-loader|--loader|-r)(?:\s+|=)(\S+)/g;

/** Options of Node.js whose value is the next word. */
const TAKES_VALUE =
  /^(--import|--require|-r|--(?:experimental-)?loader|--env-file(?:-if-exists)?|-C|--conditions|--title|--inspect-port|--input-type|--disable-warning|--watch-path)$/;

/** All texts that start Node.js, or give it options. */
export function startTexts(project: Project): StartText[] {
  const { NODE_OPTIONS: options } = project.env;
  const scripts = Object.entries(project.manifest.scripts ?? {}).map(([name, text]) => ({
    where: `scripts.${name}`,
    text,
    isOptions: false,
  }));
  const files = linesOfFiles(project, FILES)
    .filter(({ line }) => /\bnode\b|NODE_OPTIONS|^\s*CMD\b.*--(import|require)/i.test(line))
    .map(({ file, line }) => ({
      where: file,
      // The form `CMD ["node", "--import", ...]`.
      text: line.replace(/"\s*,\s*"/g, ' ').replace(/[[\]]/g, ' '),
      isOptions: /NODE_OPTIONS/.test(line) && !/\bnode\s/.test(line),
    }));
  return [
    ...(project.command.length === 0
      ? []
      : [{ where: 'the command', text: project.command.join(' '), isOptions: false }]),
    ...(options === undefined ? [] : [{ where: 'NODE_OPTIONS', text: options, isOptions: true }]),
    ...scripts,
    ...files,
  ];
}

export function preloadsIn({ where, text, isOptions }: StartText): Preload[] {
  return [...text.matchAll(PRELOAD)].map((match) => {
    const before = text.slice(0, match.index);
    const command = /(?:^|[\s;&|"'/])(?:node|tsx|nodemon)\s+([^;&|]*)$/.exec(before)?.[1];
    // A word that is neither an option nor the value of one is the file.
    const words = command?.trim().split(/\s+/).filter(Boolean) ?? [];
    const isFile = (word: string, i: number) =>
      // `tsx watch` has a word of its own in front of the options.
      !word.startsWith('-') && word !== 'watch' && !TAKES_VALUE.test(words[i - 1] ?? '');
    return {
      flag: match[1] as string,
      target: (match[2] as string).replace(/^["'\\]+|["'\\]+$/g, ''),
      where,
      isBehindFile: !isOptions && words.some(isFile),
    };
  });
}

/** Whether a target of a preload is the agent: the package, or a file of it. */
export function isAgent(target: string): boolean {
  return /@org\/trace-agent(\/|$)|(^|\/)trace-agent[\w.-]*\/|register\.[cm]js$/.test(target);
}
