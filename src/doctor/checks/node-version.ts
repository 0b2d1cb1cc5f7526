/** The version of Node.js: of this process, and of what the project's files ask for. */

import { join } from 'node:path';
import { reasonNotToStart } from '../../runtime.ts';
import { linesOfFiles, type Project, readText } from '../project.ts';
import type { Finding } from '../report.ts';

const CHECK = 'node';
const NEEDED = 'Node.js 18.19 to 26';
/** https://github.com/nodejs/release#release-schedule */
const END_OF_LIFE: Readonly<Record<number, string>> = {
  18: '2025-04-30',
  19: '2023-06-01',
  20: '2026-04-30',
  21: '2024-06-01',
  22: '2027-04-30',
  23: '2025-06-01',
  24: '2028-04-30',
  25: '2026-06-01',
  26: '2029-04-30',
};

export function checkNode(project: Project, now = Date.now()): Finding[] {
  const { node } = process.versions;
  const refusal = reasonNotToStart({ versions: process.versions, argv: [] });
  const findings = [
    refusal === undefined ? supported(node, now) : unsupported(`this is ${node}`),
    ...askedFor(project)
      .filter(({ version }) => !isSupported(version))
      .map(({ file, version }) => unsupported(`${file} asks for ${version}`)),
  ];
  return findings;
}

function supported(version: string, now: number): Finding {
  const end = END_OF_LIFE[Number.parseInt(version, 10)];
  const isOver = end !== undefined && Date.parse(end) < now;
  const summary = `Node.js ${version} is supported${isOver ? ` by the agent; its own support ended on ${end}` : ''}`;
  return { outcome: isOver ? 'note' : 'ok', check: CHECK, summary };
}

function unsupported(what: string): Finding {
  return {
    outcome: 'problem',
    check: CHECK,
    summary: `${what}, where the application starts without the agent`,
    remedy: `Use ${NEEDED}.`,
  };
}

/** Versions that files of the project name exactly enough: `16`, `v16.20.2`, `node:16-alpine`. */
function askedFor(project: Project): { file: string; version: string }[] {
  const found: { file: string; version: string }[] = [];
  for (const file of ['.nvmrc', '.node-version']) {
    const version = readText(join(project.directory, file))?.trim();
    if (version !== undefined) found.push({ file, version });
  }
  for (const { file, line } of linesOfFiles(project, /^(Dockerfile|Containerfile)(\..*)?$/)) {
    const version = /^\s*FROM\s+(?:\S+\/)?node:(\d[\w.]*)/i.exec(line)?.[1];
    if (version !== undefined) found.push({ file, version });
  }
  return found;
}

function isSupported(text: string): boolean {
  const match = /^v?(\d+)(?:\.(\d+))?/.exec(text);
  if (match?.[1] === undefined) return true;
  // `18` is the newest 18.
  const version = `${match[1]}.${match[2] ?? 99}.0`;
  return reasonNotToStart({ versions: { ...process.versions, node: version }, argv: [] }) === undefined;
}
