export interface Variant {
  name: string;
  label: string;
  expect: string;
  inbound: 'trace' | 'none';
}
export const BASELINE: Variant;
export const SERVERS: readonly Variant[];
