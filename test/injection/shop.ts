import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fixture, run } from '../support/app.ts';

export interface Service {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ends?: boolean;
}

export interface Shop {
  readonly services: readonly Service[];
  readonly gateway: string;
  /** Where a LangSmith listens whose runs are judged; the services bring their own where there is none. */
  readonly collectorPort?: number;
}

export interface Outcome {
  readonly answers: readonly string[];
  readonly output: Readonly<Record<string, { readonly stdout: string; readonly stderr: string }>>;
  readonly runs: number;
  readonly problems?: readonly string[];
  readonly refused?: readonly unknown[];
}

export const PORTS = { gateway: '8001', pricing: '8002', inventory: '8003' };

/** Where the LangSmith of the shop listens. */
export const COLLECTOR_PORT = 1984;

/** Runs the demo's shop in a network namespace of its own, in which nothing but its loopback is. */
export async function runShop(shop: Shop): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-shop-'));
  try {
    const plan = join(directory, 'plan.json');
    writeFileSync(plan, JSON.stringify(shop));
    const command = 'busybox ip link set lo up && exec "$@"';
    const args = ['--net', 'sh', '-c', command, 'sh', process.execPath, fixture('injection/shop.mjs'), plan];
    const { code, stdout, stderr } = await run(args, { node: 'unshare', preload: 'none' });
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What a service of the demo is told by its environment, all on one loopback. */
export function environmentOf(service: keyof typeof PORTS): Record<string, string> {
  const url = (name: keyof typeof PORTS) => `http://127.0.0.1:${PORTS[name]}`;
  const langsmith = (project: string) => ({
    LANGSMITH_TRACING: 'true',
    LANGSMITH_ENDPOINT: `http://127.0.0.1:${COLLECTOR_PORT}/${service}`,
    LANGSMITH_API_KEY: 'test',
    LANGSMITH_PROJECT: project,
  });
  const own = {
    gateway: { PRICING_URL: url('pricing'), ...langsmith('shop') },
    pricing: { INVENTORY_URL: url('inventory') },
    inventory: { GATEWAY_URL: url('gateway'), ...langsmith('warehouse') },
  };
  return { PORT: PORTS[service], ...own[service] };
}
