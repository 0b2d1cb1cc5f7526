/**
 * Runs in a child process under the agent, with the project as its working directory. It does the one task that it is
 * given, sends what it finds over IPC, and says when it is done. The parent ends it.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runningAgent } from './agent.ts';
import { callBuiltins, callClient } from './clients.ts';
import { linkRun, pending } from './sdk.ts';
import { serve, serveBuiltins } from './servers.ts';
import type { Form, FormResult, Load, Task } from './task.ts';

declare const importFromProject: Load;

const require = createRequire(join(process.cwd(), 'noop.js'));
const LOADERS: Readonly<Record<Form, Load>> = {
  require: async (name) => require(name),
  import: (name) => importFromProject(name),
};

const send = (answer: object) => new Promise<void>((resolve) => process.send?.(answer, () => resolve()));

async function main(task: Task): Promise<void> {
  await send({ status: runningAgent()?.status() ?? { running: false } });
  switch (task.kind) {
    case 'status':
      return;
    case 'builtins':
      await send({ clients: await callBuiltins(task), servers: await serveBuiltins(task) });
      return;
    case 'client':
      return eachForm(task.name, (load, form) => callClient(task, load, form));
    case 'server':
      return eachForm(task.name, (load) => serve(task, load));
    case 'sdk':
      return eachForm(task.name, (load, form) => linkRun(task, load, form));
  }
}

async function eachForm(name: string, probe: (load: Load, form: Form) => Promise<FormResult>): Promise<void> {
  for (const form of ['require', 'import'] as const) {
    let result: FormResult;
    try {
      await LOADERS[form](name);
      result = await probe(LOADERS[form], form).catch((error) => ({ callError: messageOf(error) }));
    } catch (error) {
      result = { loadError: messageOf(error) };
    }
    await send({ [form]: result });
  }
}

function messageOf(error: unknown): string {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const [line = ''] = String(message ?? error).split('\n', 1);
  return code === undefined || line.includes(String(code)) ? line : `${String(code)}: ${line}`;
}

const task = JSON.parse(process.env['TRACE_AGENT_DOCTOR_TASK'] ?? '{}') as Task;
delete process.env['TRACE_AGENT_DOCTOR_TASK'];
await main(task);
await Promise.allSettled(pending);
await send({ isDone: true });
