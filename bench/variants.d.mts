export interface Variant {
  name: string;
  label: string;
  preload: string[];
  expect: string;
  inbound: 'trace' | 'none';
}
export const BASELINE: Variant;
export const SERVERS: readonly Variant[];
