import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type App, fixture, root, startApp } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { installLibraries } from '../support/libraries.ts';
import { dottedOrder } from '../support/trace.ts';

interface Note {
  id: string;
  event: string;
  trace: string | null;
  sent: string[];
}

const CALLS = 30;
const OLDEST = '1.8.22';
const VERSIONS = [
  { version: 'as installed', LIBRARIES: root },
  ...(isCampaign
    ? [{ version: OLDEST, LIBRARIES: installLibraries(`grpc-${OLDEST}`, [`@grpc/grpc-js@${OLDEST}`]) }]
    : []),
];

for (const { version, LIBRARIES } of VERSIONS) {
  if (LIBRARIES === undefined) it.skip(`@grpc/grpc-js ${version} cannot be installed here`, () => {});
}

describe.each(VERSIONS.filter(({ LIBRARIES }) => LIBRARIES))('@grpc/grpc-js $version', ({ LIBRARIES }) => {
  let client: App;
  let server: App;
  beforeAll(async () => {
    const env = { LIBRARIES };
    [client, server] = await Promise.all([
      startApp(fixture('apps/grpc.mjs'), { env }),
      startApp(fixture('apps/grpc.mjs'), { env }),
    ]);
  });
  afterAll(async () => {
    await client?.stop();
    await server?.stop();
  });

  /** Makes 30 calls at once, of which every fourth has no trace. */
  async function call(form: string) {
    const calls = Array.from({ length: CALLS }, (_, i) => ({
      id: `${form} ${i}`,
      trace: i % 4 === 3 ? null : dottedOrder(),
    }));
    const answers = await Promise.all(
      calls.map(async ({ id, trace }) => {
        const query = new URLSearchParams({ form, id, to: server.hello['grpc'] ?? '', of: `${CALLS}` });
        const response = await fetch(`${client.url}/?${query}`, {
          headers: trace ? { 'langsmith-trace': trace } : {},
        });
        const text = await response.text();
        expect(response.status, text).toBe(200);
        return JSON.parse(text) as Record<string, string | null>;
      }),
    );
    const notes = (await (await fetch(`${server.url}/records`)).json()) as Note[];
    return calls.map(({ id, trace }, i) => ({
      id,
      trace,
      seen: answers[i] ?? {},
      notes: notes.filter((note) => note.id === id),
    }));
  }

  it.each([
    ['unary', ['metadata', 'callback', 'status'], ['echo', 'timer']],
    ['stream', ['metadata', 'data', 'end', 'status'], ['list']],
    ['retried', ['callback', 'status'], ['flaky', 'flaky']],
    ['refused', ['error', 'status'], []],
  ])(
    '[E94] %s calls on a channel that is connecting: each its own trace, or none',
    async (form, events, noted) => {
      for (const { id, trace, seen, notes } of await call(form)) {
        expect(Object.keys(seen)).toEqual(expect.arrayContaining(events));
        for (const [event, there] of Object.entries(seen)) expect(there, `${event} of ${id}`).toBe(trace);
        expect(notes.map(({ event }) => event)).toEqual(noted);
        for (const { event, trace: there, sent } of notes) {
          expect(sent, `${event} of ${id}`).toEqual(trace === null ? [] : [trace]);
          expect(there, `${event} of ${id}`).toBe(trace);
        }
      }
    },
  );

  it('a trace of the application’s own wins', async () => {
    for (const { notes } of await call('own trace')) {
      expect(notes.map(({ sent }) => sent)).toEqual([['own'], ['own']]);
    }
  });

  it('prints nothing', () => {
    expect(client.stderr() + server.stderr()).toBe('');
  });
});
