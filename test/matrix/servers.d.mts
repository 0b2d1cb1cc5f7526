export function serverOf(
  name: 'redis' | 'rabbitmq',
): Promise<{ readonly port?: number; readonly why?: string }>;
export function stopServers(): void;
