/**
 * Sends requests over raw sockets as fast as they are answered. A client of node:http would cost more than the
 * measured servers.
 */
import { connect } from 'node:net';

/** The number of concurrent requests, which keeps the server's core busy. */
const CONNECTIONS = 8;

/**
 * @param {string} url the URL of the server
 * @param {(n: number) => string} requestText returns the bytes of the nth request
 * @param {object} options the number of `connections`, and of `pipelined` requests on each
 */
export async function openLoad(url, requestText, { connections = CONNECTIONS, pipelined = 1 } = {}) {
  const { hostname, port } = new URL(url);
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(hostname, Number(port))));

  /**
   * Sends until `isEnough(requests)` returns true, and waits for the pending requests.
   *
   * @returns the number of answered requests, the elapsed milliseconds, and the latency of each in microseconds
   */
  async function send(isEnough) {
    const latencies = [];
    const begun = performance.now();
    await Promise.all(sockets.map((socket) => sendOn(socket, latencies, isEnough, requestText, pipelined)));
    return { requests: latencies.length, milliseconds: performance.now() - begun, latencies };
  }

  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  return { send, close };
}

/** Stops after a number of milliseconds. */
export function after(milliseconds) {
  const end = performance.now() + milliseconds;
  return () => performance.now() >= end;
}

/** Stops when one of the two conditions is met. */
export function either(isEnough, isEnoughToo) {
  return () => isEnough() || isEnoughToo();
}

/** Stops after a number of requests, including pending ones. */
export function times(requests) {
  let sent = 0;
  return () => sent++ >= requests;
}

let serial = 0;

function sendOn(socket, latencies, isEnough, requestText, pipelined) {
  return new Promise((resolve, reject) => {
    const sent = [];
    let rest = '';
    const next = () => {
      if (isEnough()) return;
      serial += 1;
      sent.push(performance.now());
      socket.write(requestText(serial), 'latin1');
    };
    const done = (error) => {
      socket.off('data', read).off('error', done).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = () => done(new Error('a server closed a connection'));
    const read = (chunk) => {
      rest += chunk;
      for (let end = endOfAnswer(rest); end !== -1; end = endOfAnswer(rest)) {
        if (!rest.startsWith('HTTP/1.1 200 ')) return done(new Error(`a server answered ${rest}`));
        rest = rest.slice(end);
        latencies.push((performance.now() - sent.shift()) * 1000);
        next();
      }
      if (sent.length === 0) done();
    };
    socket.setEncoding('latin1').on('data', read).once('error', done).once('close', onClose);
    for (let i = 0; i < pipelined; i++) next();
    if (sent.length === 0) done();
  });
}

/** Returns the index at which the first answer ends, or -1 if it is incomplete. */
function endOfAnswer(text) {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return -1;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head));
  if (length === null) throw new Error(`an answer without a length: ${text.slice(0, head)}`);
  const end = head + 4 + Number(length[1]);
  return text.length >= end ? end : -1;
}

function open(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });
}
