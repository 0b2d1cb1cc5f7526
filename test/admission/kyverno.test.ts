import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/app.ts';
import { POLICIES } from './golden.ts';

/** From the variables to the end of the policy: all that is CEL. */
function expressions(file: string): string {
  const text = readFileSync(join(root, 'deploy', file), 'utf8');
  const policy = text.split('\n---\n', 1)[0] ?? '';
  const start = policy.indexOf('\n  variables:\n');
  if (start < 0) throw new Error(`${file} has no variables`);
  return policy.slice(start).trimEnd();
}

/** The lines between a key and what is indented as far, without their indentation, in every place of the key. */
function blocks(file: string, key: string): string[] {
  const text = readFileSync(join(root, 'deploy', file), 'utf8');
  const found = text.matchAll(new RegExp(`^( *)${key}:(.*)\n((?:\\1 .*\n|\\1- .*\n)*)`, 'gm'));
  return [...found].map(([, , value = '', lines = '']) => value + lines.replace(/^ +/gm, ''));
}

describe('the policies for Kyverno', () => {
  it.each(POLICIES)('%s says the same as the one for the API server', (policy) => {
    const kyverno = expressions(`kyverno/${policy}.yaml`);
    expect(kyverno).toContain('\n  mutations:\n');
    expect(kyverno).toBe(expressions(`kubernetes/${policy}.yaml`));
  });

  it.each(POLICIES)('%s is for the same pods, and as harmless where it fails', (policy) => {
    for (const key of ['failurePolicy', 'resourceRules', 'objectSelector']) {
      const kyverno = blocks(`kyverno/${policy}.yaml`, key);
      expect(kyverno, key).toHaveLength(1);
      expect(kyverno, key).toEqual(blocks(`kubernetes/${policy}.yaml`, key));
    }
    expect(blocks(`kyverno/${policy}.yaml`, 'autogen')).toEqual(['podControllers:\ncontrollers: []\n']);
  });
});
