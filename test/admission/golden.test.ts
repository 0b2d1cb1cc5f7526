import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/app.ts';
import { type Golden, goldenPods, inputs, POLICIES, type Source } from './golden.ts';
import { IMAGE } from './kubelet.ts';

const REMEDY = 'npm run test:admission makes the golden pods anew';

function expectAsItStands({ file, sha256 }: Source): void {
  const text = readFileSync(join(root, file));
  expect(createHash('sha256').update(text).digest('hex'), `${file} has changed: ${REMEDY}`).toBe(sha256);
}

function goldenPod(name: string): Golden {
  const found = POLICIES.flatMap(goldenPods).find((golden) => golden.name === name);
  if (!found) throw new Error(`there is no golden pod ${name}`);
  return found;
}

describe.each(POLICIES)('the golden pods of %s', (policy) => {
  const all = goldenPods(policy);

  it('are one for each pod that the engine is given', () => {
    expect(all.map(({ name }) => name).sort()).toEqual(
      inputs()
        .map((name) => `${policy}/${name}`)
        .sort(),
    );
  });

  it.each(all)('$name matches the current policy and pod', (golden) => {
    expect(golden.policy.file).toBe(`deploy/kubernetes/${policy}.yaml`);
    expectAsItStands(golden.policy);
    expectAsItStands(golden.input);
  });

  it.each([
    'annotated-nobody',
    'duplicate-env',
    'name-taken',
    'not-asked',
    'opted-out',
    'own-agent',
    'value-from-only',
    'volume-taken',
    'windows',
    'windows-selector',
  ])('%s is left alone wholly', (name) => {
    const { pod } = goldenPod(`${policy}/${name}`);
    const text = JSON.stringify(pod.spec);
    expect(text).not.toContain(IMAGE);
    expect(text).not.toContain('/trace-agent/register.cjs');
  });

  it.each(all)('$name has the mount wherever it has the option, and nowhere else', ({ pod }) => {
    for (const { env = [], volumeMounts = [] } of pod.spec.containers) {
      const named = env.some(({ value }) => value?.includes('/trace-agent/register.cjs'));
      const mounted = volumeMounts.some(
        ({ name, mountPath }) => name === 'trace-agent' && mountPath === '/trace-agent',
      );
      expect(mounted).toBe(named);
    }
  });
});

describe('the image', () => {
  it.each([
    'deploy/kubernetes/image-volume.yaml',
    'deploy/kubernetes/init-container.yaml',
    'deploy/operator/instrumentation.yaml',
    'deploy/kyverno/image-volume.yaml',
    'deploy/kyverno/init-container.yaml',
  ])('is named in one place of %s, with the version of the package', (file) => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const text = readFileSync(join(root, file), 'utf8');
    expect(text.match(/registry\.example\.com\/trace-agent:\S*[\w.]/g)).toEqual([IMAGE]);
    expect(IMAGE).toBe(`registry.example.com/trace-agent:${version}`);
  });
});
