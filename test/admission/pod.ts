/** The part of a Kubernetes pod that decides how its containers are started. */
export interface Pod {
  readonly metadata: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly volumes?: readonly Volume[];
    readonly initContainers?: readonly Container[];
    readonly containers: readonly Container[];
  };
}

export interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly image?: { readonly reference: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly securityContext?: object;
  readonly resources?: object;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: object;
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

/** Stands for what a ConfigMap, a Secret or the downward API gives. A valid NODE_OPTIONS, for where it is one. */
export const VALUE_FROM_ELSEWHERE = '--no-warnings';

/**
 * The environment that a container is started with: entries in order, a later one of the same name wins, `$(NAME)` stands
 * for an entry before, `$$` for a dollar, and what is not known stays as it is written.
 */
export function environmentOf({ env = [] }: Container): Record<string, string> {
  const known: Record<string, string> = {};
  for (const { name, value = '', valueFrom } of env) {
    known[name] = valueFrom ? VALUE_FROM_ELSEWHERE : expand(value, known);
  }
  return known;
}

function expand(value: string, known: Readonly<Record<string, string>>): string {
  return value.replace(/\$\$|\$\(([^)]*)\)/g, (text, name: string | undefined) =>
    name === undefined ? '$' : (known[name] ?? text),
  );
}
