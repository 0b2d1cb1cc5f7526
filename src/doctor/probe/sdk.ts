/** Makes a run with a copy of an SDK in the handler of a request of the caller. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SDKName } from '../names.ts';
import { ask } from './agent.ts';
import type { Form, FormResult, Load, TaskOf } from './task.ts';

/** For versions that cannot be asked to send what is pending. They send after 200 ms. */
const SEND_TIME_MS = 600;

type MakeRun = (load: Load) => Promise<{ run(): Promise<unknown>; flush(): Promise<unknown> }>;

const SDKS: Readonly<Record<SDKName, MakeRun>> = {
  async langsmith(load) {
    const { Client } = await load('langsmith');
    const { traceable } = await load('langsmith/traceable');
    const client = new Client();
    return {
      run: traceable(async () => 'ok', { name: 'doctor', client }),
      flush: () => client.awaitPendingTraceBatches?.() ?? sleep(SEND_TIME_MS),
    };
  },
  async '@langchain/core'(load) {
    const { RunnableLambda } = await load('@langchain/core/runnables');
    const callbacks = await load('@langchain/core/callbacks/promises');
    const lambda = RunnableLambda.from(async () => 'ok');
    return {
      run: () => lambda.invoke('ok', { runName: 'doctor' }),
      async flush() {
        await callbacks.awaitAllCallbacks();
        await sleep(SEND_TIME_MS);
      },
    };
  },
};

/** The runs that are still to be sent. The probe may end when they are. */
export const pending: Promise<unknown>[] = [];

export async function linkRun(task: TaskOf<'sdk'>, load: Load, form: Form): Promise<FormResult> {
  const { run, flush } = await SDKS[task.name](load);
  const server = createServer((_request, response) => {
    run().then(
      () => response.end('ok'),
      (error) => response.end(`failed: ${error?.message}`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await ask((server.address() as AddressInfo).port, task.callers[form]);
  server.close();
  pending.push(flush());
  return answer === 'ok' ? {} : { callError: answer };
}
