// PostgreSQL, MariaDB, Redis and RabbitMQ for the rows that need one, each started once, on loopback, with nothing in it.
import { execFile, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describeMissing } from '../../scripts/tools.mjs';

const START_TIMEOUT_MS = 60_000;
const run = promisify(execFile);
const started = new Map();
const stops = [];

const SERVERS = {
  postgres: startPostgres,
  mariadb: startMariaDB,
  redis: startRedis,
  rabbitmq: startRabbitMQ,
};

/** @returns `{port}`, or `{why}` where the server is not installed or does not start; once for all rows */
export function serverOf(name) {
  if (!started.has(name)) {
    started.set(
      name,
      SERVERS[name]().catch((error) => ({
        why: `${name} does not start: ${String(error.message).split('\n')[0]}`,
      })),
    );
  }
  return started.get(name);
}

export function stopServers() {
  for (const stop of stops.splice(0)) stop();
}
process.on('exit', stopServers);
// A signal ends a process without `exit`.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** It refuses to run as root. */
async function startPostgres() {
  const installed = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').sort() : [];
  if (installed.length === 0) return { why: 'PostgreSQL is not installed' };
  const bin = join('/usr/lib/postgresql', installed.at(-1), 'bin');
  const owner = process.getuid() === 0 ? await ids('postgres') : {};
  const data = newDirectory(owner);
  const options = { ...owner, cwd: data, env: { PATH: process.env.PATH } };
  await run(
    join(bin, 'initdb'),
    ['-D', join(data, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync'],
    options,
  );
  const port = await freePort();
  const flags = ['-D', join(data, 'data'), '-p', port, '-k', data, '-h', '127.0.0.1', '-F', '-N', '300'];
  return start(join(bin, 'postgres'), flags.map(String), options, port);
}

async function startMariaDB() {
  if (!existsSync('/usr/sbin/mariadbd')) return { why: 'MariaDB is not installed' };
  const data = newDirectory();
  const user = process.getuid() === 0 ? ['--user=root'] : [];
  await run('mariadb-install-db', ['--no-defaults', ...user, `--datadir=${data}/data`, '--skip-test-db']);
  const port = await freePort();
  const flags = [
    '--no-defaults',
    ...user,
    `--datadir=${data}/data`,
    `--socket=${data}/socket`,
    `--port=${port}`,
  ];
  const more = [
    '--bind-address=127.0.0.1',
    '--skip-grant-tables',
    '--skip-name-resolve',
    '--max-connections=300',
  ];
  return start('/usr/sbin/mariadbd', [...flags, ...more], { cwd: data }, port);
}

async function startRedis() {
  if (!existsSync('/usr/bin/redis-server')) return { why: describeMissing('redis-server') };
  const port = await freePort();
  const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  return start('/usr/bin/redis-server', flags, { cwd: newDirectory() }, port);
}

/** Erlang's port mapper is started first, or RabbitMQ would leave one behind. */
async function startRabbitMQ() {
  const home = '/usr/lib/rabbitmq/lib';
  const installed = existsSync(home) ? readdirSync(home).sort() : [];
  if (installed.length === 0) return { why: describeMissing('rabbitmq-server') };
  const data = newDirectory();
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()];
  const env = {
    PATH: process.env.PATH,
    HOME: data,
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `matrix-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(data, 'data'),
    RABBITMQ_LOG_BASE: join(data, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: join(data, 'pid'),
    RABBITMQ_CONFIG_FILE: join(data, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(data, 'none'),
    // The script then becomes the server, in place of starting it as a child.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  await start('epmd', [], { cwd: data, env }, mapper);
  return start(join(home, installed.at(-1), 'sbin', 'rabbitmq-server'), [], { cwd: data, env }, port);
}

async function start(binary, flags, options, port) {
  const child = spawn(binary, flags, { ...options, stdio: 'ignore' });
  let isOver = false;
  child.once('error', () => (isOver = true));
  child.once('exit', () => (isOver = true));
  stops.push(() => child.kill('SIGKILL'));
  const end = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(port))) {
    if (isOver || Date.now() > end) throw new Error(`${binary} does not listen`);
    await sleep(50);
  }
  return { port };
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}

function newDirectory({ uid, gid } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-server-'));
  if (uid !== undefined) chownSync(directory, uid, gid);
  stops.push(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

async function ids(user) {
  const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, user])));
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
