/** Formats the results of a run as a Markdown document. Pure. */
import { table } from './markdown.mjs';
import { summarize } from './statistics.mjs';
import { BASELINE, SERVERS, STARTS } from './variants.mjs';

const MIB = 2 ** 20;
const CLIENT_LABELS = { none: 'server only' };

export function formatMarkdown(results) {
  const sections = [
    introduction(results),
    `## Budgets\n\n${budgets(results)}`,
    ...Object.entries(results.measured).flatMap(([node, parts]) => [
      ...(parts.startup === undefined ? [] : [startup(node, parts.startup)]),
      ...(parts.hop === undefined ? [] : [hop(node, parts.hop)]),
      ...(parts.growth === undefined ? [] : [growth(node, parts.growth)]),
    ]),
    method(results.plan),
  ];
  return `${sections.join('\n\n')}\n`;
}

function introduction({ date, machine, nodes, peers, clients, minutes, bursts }) {
  const list = (versions) =>
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ');
  return [
    '# What it costs',
    '',
    `Created by \`npm run bench\` on ${date}, in ${minutes} minutes on ${machine.cpu}, ${machine.memory};`,
    `${nodes.map(({ version }) => `Node ${version}`).join(', ')}.`,
    `Peers: ${list(peers)}. Clients: ${list(clients)}. The samples are in bench.json.`,
    ...(bursts.bursts === 0 ? [] : [disturbance(bursts)]),
    '',
    '![start-up and a hop, as multiples of bare Node](bench.svg)',
  ].join('\n');
}

function disturbance({ bursts, disturbed }) {
  return `Of ${bursts} bursts of requests, other processes disturbed ${disturbed}.`;
}

function budgets({ budgets: judged }) {
  const rows = judged.map(({ budget, node, limit, verdict, cells }) => {
    const each = cells.map(({ of, shown }) => `${CLIENT_LABELS[of] ?? of}: ${shown}`).join('<br>');
    return [budget, node, limit, `**${verdict}**`, each];
  });
  return table(['', 'Node', 'at most', '', 'median (95 % interval)'], rows);
}

function startup(node, apps) {
  const parts = Object.entries(apps).map(([app, series]) => {
    const rows = labelled(STARTS, series).map(([label, { cpu, wall, rss, threads }]) => {
      const ms = (key) => `${quartiles([key.value], 0)}`;
      const over = quartiles([cpu.over], 1);
      return [
        label,
        ms(cpu),
        over,
        ms(wall),
        quartiles([wall.over], 1),
        quartiles([rss.over.map((bytes) => bytes / MIB)], 1),
        summarize([threads.value]).median,
      ];
    });
    const head = ['', 'CPU, ms', 'over bare', 'wall, ms', 'over bare', 'memory over bare, MiB', 'threads'];
    return `### ${app === 'empty' ? 'An empty app' : 'An app with express and axios'}\n\n${table(head, rows)}`;
  });
  return [`## Start-up, Node ${node}`, ...parts].join('\n\n');
}

function hop(node, { clients }) {
  const names = Object.keys(clients);
  const heads = names.map((client) => CLIENT_LABELS[client] ?? client);
  const cells = (variant, cell) =>
    names.map((client) => (clients[client][variant] === undefined ? '' : cell(clients[client][variant])));
  const rows = (cell) =>
    SERVERS.filter(({ name }) => clients[names[0]][name] !== undefined).map(({ name, label }) => [
      label,
      ...cells(name, cell),
    ]);
  const bare = (label, cell) => [label, ...cells('bare, trace', cell)];
  const whole = (key) => (series) => summarize(series[key]).median.toFixed(0);
  const both = (series) => `${whole('p50')(series)} / ${whole('p99')(series)}`;
  return [
    `## A hop, Node ${node}`,
    'CPU of the server process for a request, as a multiple of bare Node: median (quartiles).',
    table(
      ['', ...heads],
      [
        bare('bare Node, microseconds', (series) => quartiles(series.cpu, 0)),
        ...rows((series) => quartiles(series.ratio, 2)),
      ],
    ),
    'Requests a second, medians.',
    table(['', ...heads], [bare('bare Node', whole('rate')), ...rows(whole('rate'))]),
    'Latency, p50 / p99 in microseconds, medians; eight concurrent requests.',
    table(['', ...heads], [bare('bare Node', both), ...rows(both)]),
  ].join('\n\n');
}

function growth(node, scales) {
  const { 'requests served': served, 'modules loaded': modules, ...varied } = scales;
  const parts = Object.entries(varied).map(([scale, points]) => {
    const names = Object.keys(Object.values(points)[0]);
    const rows = Object.entries(points).map(([point, series]) => [
      point,
      ...names.map((name) => quartiles(series[name].cpu, 0)),
    ]);
    return `### ${capital(scale)}\n\n${table(['', ...names], rows)}`;
  });
  const heaps = Object.entries(served).map(([point, series]) => [
    point,
    ...Object.values(series).map(({ heap }) => (heap / MIB).toFixed(2)),
  ]);
  const loaded = Object.entries(modules).map(([count, { startup: starts, hop: hops }]) => [
    count,
    quartiles([starts['bare'].cpu.value], 0),
    quartiles([starts['agent, require'].cpu.over], 1),
    ...Object.keys(hops).map((name) => quartiles(hops[name].cpu, 0)),
  ]);
  const hopNames = Object.keys(Object.values(modules)[0].hop);
  return [
    `## Growth, Node ${node}`,
    'CPU of the server process for a request through http, in microseconds: median (quartiles).',
    ...parts,
    `### Requests served\n\nHeap after garbage collection, MiB.\n\n${table(['', ...Object.keys(Object.values(served)[0])], heaps)}`,
    `### Modules loaded\n\n${table(['', 'start-up of bare, ms', 'of the agent over it', ...hopNames], loaded)}`,
  ].join('\n\n');
}

function labelled(variants, series) {
  return [BASELINE, ...variants]
    .filter(({ name }) => series[name] !== undefined)
    .map(({ name, label }) => [label, series[name]]);
}

function quartiles(generations, digits) {
  const { median, q1, q3 } = summarize(generations);
  return `${median.toFixed(digits)} (${q1.toFixed(digits)} to ${q3.toFixed(digits)})`;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

const method = ({ hop, growth: grown }) => `## How it was measured

- All traffic goes over loopback. Before a variant is timed, the bench checks that its headers arrive at the upstream.
- All servers run at the same time, pinned to one core. The driver and the upstream run on the other core. Bursts go to
  the variants in changing order, with a burst to bare Node before and after every two to four of them. A ratio compares
  a burst with these two. A round uses as many processes of bare Node as it has bursts of bare Node, because V8 compiles
  a server better that has served more requests than others: one process for all of these bursts was 4 % cheaper than a
  second bare process. ("Growth" uses one process.)
- Variants that a budget compares are measured directly after one another: the floor and the relay; a second bare
  process and the agent with no trace; and the same with runs, where the cost of the floor over bare Node is added to
  the SDK's.
- The CPU of a burst is the time that the kernel has counted for the server's threads until the server is idle again,
  divided by the number of requests it has served. Data that is published or exported is flushed and counts. A burst is
  repeated if other processes disturb it.
- The semi-spaces of a server's young generation have 16 MiB from the start. V8 grows them depending on the load, and two
  processes of the same program whose semi-spaces grew at different times differed by 30 %.
- All requests except those with "no trace" have \`langsmith-trace\`, \`baggage\` and \`traceparent\`, each with a trace
  of its own. "Bare Node again" is a second process of the same program. It shows the noise of the measurement.
- "No trace ever": the process has never received a trace. "No trace, but before": the process has served two requests
  with a trace by each client.
- Before its first burst with a client, a server has answered ${warmUp(hop)}; in "Growth" ${warmUp(grown)}.
  V8 still compiles during the first twenty thousand requests, and a server that has served more of them looks cheaper.
- Peers have one process each in a hop, and start in every third round, so they have fewer samples.
- Growth with metadata: the agent leaves out what exceeds \`TRACE_AGENT_MAX_HEADER_BYTES\` (8 kB). So at 10 kB and
  100 kB it sends less than the floor, which copies everything.
- The interval of a median comes from resampling the processes, and the samples of each, a thousand times.
- Start-up is measured until the main module has run, each time in a new process, between two bare ones.
- OpenTelemetry with http and undici has no exporter, and Sentry has no sample rate: both only pass traces on.
  OpenTelemetry's auto-instrumentation, dd-trace and the LangSmith SDK export to a sink that answers at once.`;

function warmUp({ warmUp: { requests, milliseconds } }) {
  return `${requests} requests, or as many as it could in ${milliseconds / 1000} seconds`;
}
