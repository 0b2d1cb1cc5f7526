import { get } from 'node:http';
import type { Agent } from '../../agent.ts';
import { TRACE_HEADER } from '../../headers/names.ts';
import type { Caller } from './task.ts';

/** The agent that was preloaded into this process, whichever copy of the package it is. */
export function runningAgent(): Agent | undefined {
  return (globalThis as { [key: symbol]: unknown })[Symbol.for('@org/trace-agent')] as Agent | undefined;
}

/** Runs `fn` as the handler of a request of the caller; without an agent, it just runs it. */
export function underCaller<T>({ trace, baggage }: Caller, fn: () => T): T {
  const agent = runningAgent();
  return agent === undefined ? fn() : agent.continueTrace(trace, baggage, fn);
}

/** The trace that code in the current context would send; `''` if there is none. */
export function currentTrace(): string {
  return runningAgent()?.traceHeaders()[TRACE_HEADER] ?? '';
}

/** Sends a request as another service does: from no context, with the headers of its run. @returns the body */
export function ask(port: number, { trace, baggage }: Caller): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { [TRACE_HEADER]: trace, baggage };
    get({ host: '127.0.0.1', port, path: '/', headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body)).on('error', reject);
    }).on('error', reject);
  });
}
