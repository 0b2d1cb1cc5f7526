import { connect } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { collectorForTest, expectAlive, MULTIPART, multipart, send, wireRun } from './support.ts';

describe('the collector goes on', () => {
  test('after a client that disconnects during a request', async () => {
    const collector = await collectorForTest();
    const { port } = new URL(collector.url);
    for (const encoding of ['identity', 'gzip']) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(
        `POST /runs/batch HTTP/1.1\r\nHost: x\r\nContent-Encoding: ${encoding}\r\nContent-Length: 99\r\n\r\n{`,
      );
      await vi.waitFor(() => expect(collector.requests().at(-1)?.headers['content-encoding']).toBe(encoding));
      socket.destroy();
    }
    await expectAlive(collector);
    expect(collector.refused()).toEqual([]);
  });

  test('after bytes that are not HTTP', async () => {
    const collector = await collectorForTest();
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1', () =>
      socket.write('\0\x01\r\n\r\n'),
    );
    await new Promise((resolve) =>
      socket
        .on('close', resolve)
        .on('error', () => {})
        .resume(),
    );
    await expectAlive(collector);
  });

  test('after multipart bodies damaged at random', async () => {
    const collector = await collectorForTest();
    const root = wireRun('root');
    const good = Buffer.from(multipart({ [`post.${root.id}`]: root, [`attachment.${root.id}.a`]: 'x' }));
    const random = seededRandom(20_260_131);
    for (let round = 0; round < 300; round++) {
      const bad = Buffer.from(good.subarray(0, random() < 0.3 ? random() * good.length : good.length));
      for (let changes = random() * 8; changes > 0; changes--) {
        bad[Math.floor(random() * bad.length)] = [13, 10, 45, 34, 59, 0, 255][Math.floor(random() * 7)] ?? 0;
      }
      const { status } = await send(`${collector.url}/runs/multipart`, bad, { headers: MULTIPART });
      expect([202, 400]).toContain(status);
    }
    collector.clear();
    await expectAlive(collector);
  });

  test('after a run with a field named __proto__, which pollutes no prototype', async () => {
    const collector = await collectorForTest();
    const root = wireRun('root');
    const body = `{"post": [${JSON.stringify(root).replace('{', '{"__proto__": {"polluted": 1}, ')}]}`;
    expect((await send(`${collector.url}/runs/batch`, body)).status).toBe(202);
    expect('polluted' in {}).toBe(false);
    expect(collector.runs()[0]).not.toHaveProperty('polluted');
  });
});

/** Mulberry32: the same numbers on every run, so that a failure can be repeated. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
