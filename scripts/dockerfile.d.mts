export interface Copy {
  readonly from?: string;
  readonly chown: string;
  readonly source: string;
  readonly destination: string;
}
export interface Dockerfile {
  readonly stages: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly copies: readonly Copy[];
  readonly user: string;
  readonly cmd: readonly string[];
}
export function parseDockerfile(text: string): Dockerfile;
