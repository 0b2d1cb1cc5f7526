import type { Variant } from './variants.mjs';

export function startFleet(
  node: string,
  variants: readonly Variant[],
  options: { clients: readonly string[] },
): Promise<{ stop(): Promise<void> }>;
