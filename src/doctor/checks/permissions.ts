/** Starts the agent under the permissions of the project. Node.js must be allowed to read the agent's file. */
import { dirname } from 'node:path';
import { probeEnv, probeFile, runProbe } from '../child.ts';
import { startTexts } from '../command-line.ts';
import type { Finding } from '../report.ts';
import { whyNot } from './forms.ts';
import type { Trial } from './libraries.ts';

const CHECK = 'permissions';
const FLAG = /--(?:experimental-)?permission(?=\s|$|")/;

/** @param file the file of the agent that is preloaded */
export async function checkPermissions(trial: Trial, file: string): Promise<Finding[]> {
  const text = startTexts(trial.project).find((one) => FLAG.test(one.text));
  if (text === undefined) return [];
  const given = [...text.text.matchAll(/--(?:experimental-)?(?:permission|allow-[\w-]+)(?:=\S+)?/g)].map(
    ([flag]) => flag.replace(/["']+$/, ''),
  );
  // The probe itself needs to read its own file, and no more.
  const own = `--allow-fs-read=${probeFile()}`;
  const model = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const flags = given.map((flag) => flag.replace(/^--(experimental-)?permission$/, model));
  const probe = await runProbe({
    cwd: trial.project.directory,
    env: probeEnv(trial.project.env, trial.env),
    nodeOptions: [...flags, own, ...trial.nodeOptions],
    task: { kind: 'status' },
    timeout: trial.timeout,
  });
  const status = probe.answer?.['status'] as { running?: boolean; reason?: string } | undefined;
  if (status?.running === true) {
    return [
      { outcome: 'ok', check: CHECK, summary: `${text.where}: the agent starts under ${given.join(' ')}` },
    ];
  }
  if (probe.isTimeout) return [{ outcome: 'skipped', check: CHECK, summary: `not tried: ${whyNot(probe)}` }];
  return [
    {
      outcome: 'problem',
      check: CHECK,
      summary: `${text.where}: the agent does not start under ${given.join(' ')}: ${status?.reason ?? whyNot(probe)}`,
      remedy: `  --allow-fs-read=${dirname(file)}/*`,
    },
  ];
}
