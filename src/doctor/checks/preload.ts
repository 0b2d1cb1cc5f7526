/** Whether something preloads the agent, and whether Node.js will find what is named. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAgent, type Preload, preloadsIn, type StartText, startTexts } from '../command-line.ts';
import type { Project } from '../project.ts';
import type { Finding } from '../report.ts';

const CHECK = 'preload';
const LINE = 'NODE_OPTIONS="--import @org/trace-agent/register"';

export interface PreloadCheck {
  readonly findings: readonly Finding[];
  /** The file that is preloaded, if one was found. */
  readonly file: string | undefined;
}

export function checkPreload(project: Project): PreloadCheck {
  const texts = startTexts(project);
  const quoted = texts.filter(
    ({ where, text }) => where === 'NODE_OPTIONS' && /^\s*["'].*["']\s*$/.test(text),
  );
  const preloads = texts.flatMap(preloadsIn).filter(({ target }) => isAgent(target));
  const findings = [
    ...quoted.map(() =>
      problem(
        'the value of NODE_OPTIONS has quotes of its own, so Node.js does not start',
        `  export ${LINE}`,
      ),
    ),
    ...preloads.map((preload) => checkOne(project, preload)),
  ];
  if (findings.length === 0) {
    const summary = 'nothing in this project preloads the agent (NODE_OPTIONS, scripts, Dockerfile)';
    const remedy = `Start the application with\n  ${LINE}\nIf its container preloads the agent, run this command there.`;
    findings.push(problem(summary, remedy));
  }
  findings.push(...imagesWithout(texts, preloads));
  const files = preloads.map(({ target }) => resolveTarget(project, target));
  return { findings, file: files.find((file) => file !== undefined) };
}

/** A preload in a script is of no use to an image that starts Node.js by itself. */
function imagesWithout(texts: readonly StartText[], preloads: readonly Preload[]): Finding[] {
  const places = new Set(preloads.map(({ where }) => where));
  if (places.size === 0 || places.has('NODE_OPTIONS') || places.has('the command')) return [];
  const images = texts
    .filter(
      ({ where, text }) =>
        /^(Docker|Container)file/.test(where) && /^\s*(CMD|ENTRYPOINT)\b.*\bnode\s/.test(text),
    )
    .map(({ where }) => where)
    .filter((where) => !places.has(where));
  return [...new Set(images)].map((where) => ({
    outcome: 'note',
    check: CHECK,
    summary: `${where} starts Node.js without the agent`,
    remedy: `  ENV ${LINE}`,
  }));
}

function checkOne(project: Project, { flag, target, where, isBehindFile }: Preload): Finding {
  if (isBehindFile) {
    const summary = `${where}: ${flag} ${target} stands behind the file, so the application gets it and not Node.js`;
    return problem(summary, `  node ${flag} ${target} <file>`);
  }
  if (/loader$/.test(flag)) {
    return problem(`${where}: ${flag} does not start the agent`, `  node --import ${target} <file>`);
  }
  if (target === '@org/trace-agent') {
    const summary = `${where}: ${flag} ${target} loads the API and does not start the agent`;
    return problem(summary, `  node ${flag} ${target}/register <file>`);
  }
  if (resolveTarget(project, target) === undefined) {
    const remedy = /^(\.|\/)/.test(target) ? 'Name a file that is there.' : '  npm install @org/trace-agent';
    return problem(`${where}: ${target} cannot be found from this folder`, remedy);
  }
  return { outcome: 'ok', check: CHECK, summary: `${where}: ${flag} ${target}` };
}

function problem(summary: string, remedy: string): Finding {
  return { outcome: 'problem', check: CHECK, summary, remedy };
}

/** The file that Node.js loads, for a target that it finds from the project's folder. */
function resolveTarget({ directory }: Project, target: string): string | undefined {
  try {
    if (target.startsWith('file:')) return existing(fileURLToPath(target));
    if (isAbsolute(target)) return existing(target);
    if (target.startsWith('.')) return existing(join(directory, target));
    const file = createRequire(join(directory, 'noop.js')).resolve(target);
    // `import` takes the other entry point of the package, beside `dist/`.
    return existing(join(file, '..', '..', 'register.mjs')) ?? file;
  } catch {
    return undefined;
  }
}

function existing(file: string): string | undefined {
  return existsSync(file) ? file : undefined;
}
