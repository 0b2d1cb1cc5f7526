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

describe('the policies for Kyverno', () => {
  it.each(POLICIES)('%s says the same as the one for the API server', (policy) => {
    const kyverno = expressions(`kyverno/${policy}.yaml`);
    expect(kyverno).toContain('\n  mutations:\n');
    expect(kyverno).toBe(expressions(`kubernetes/${policy}.yaml`));
  });
});
