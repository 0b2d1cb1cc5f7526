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
    `Made by \`npm run bench\` on ${date}, in ${minutes} minutes on ${machine.cpu}, ${machine.memory};`,
    `${nodes.map(({ version }) => `Node ${version}`).join(', ')}.`,
    `Beside ${list(peers)}; with ${list(clients)}. The samples are in bench.json.`,
    ...(bursts.bursts === 0 ? [] : [disturbance(bursts)]),
    '',
    '![start-up and a hop, times bare Node](bench.svg)',
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
    'CPU of the server process for a request, times bare Node: median (quartiles).',
    table(
      ['', ...heads],
      [
        bare('bare Node, microseconds', (series) => quartiles(series.cpu, 0)),
        ...rows((series) => quartiles(series.ratio, 2)),
      ],
    ),
    'Requests a second, medians.',
    table(['', ...heads], [bare('bare Node', whole('rate')), ...rows(whole('rate'))]),
    'Latency, p50 / p99 in microseconds, medians; eight requests under way.',
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

- Everything goes over loopback. Before a variant is timed, its headers are seen to arrive at the upstream.
- Every server is alive at once and pinned to one core; what drives them and what they call is on the other. Bursts go
  round the variants in changing order, with a burst of bare Node before and after every two to four; a ratio is to
  these two. As many processes of bare Node have them in turn as there are in a round, for who serves more requests than
  others is compiled better: one process for all of them was 4 % cheaper than a second bare. (In "Growth" there is one.)
- What a budget compares follows one another directly: the floor and the relay, a second bare and the agent with no
  trace, and the same with runs, where what the floor takes over bare is added to the SDK's.
- A burst's CPU is what the kernel has counted for the server's threads until it is idle again, divided by the requests it has served;
  what is published or exported is flushed and counts. A burst is taken anew while other processes disturb it.
- The semi-spaces of a server's young generation have 16 MiB from the start. V8 makes them grow by what it meets, and two
  processes of one program that it let grow at different times differed by 30 %.
- All requests but those with "no trace" come with \`langsmith-trace\`, \`baggage\` and \`traceparent\`, each with a trace
  of its own. "Bare Node again" is a second process of the same program: what a difference of nothing looks like.
- "No trace ever": the process has not met one. "No trace, but before": it has served two with one by each client.
- Before its first burst with a client a server has answered ${warmUp(hop)}; in "Growth" ${warmUp(grown)}.
  V8 compiles until it has served twenty thousand, and who has served more of them looks cheaper.
- Peers have one process each in a hop, and start in every third round: they have fewer samples.
- Growth with metadata: what goes beyond \`TRACE_AGENT_MAX_HEADER_BYTES\` (8 kB) the agent leaves out, so at 10 kB and
  100 kB it sends less than the floor, which copies all of it.
- The interval of a median is from drawing processes, and samples of each, anew a thousand times.
- Start-up: until the main module has run, in a process of its own, between two bare ones.
- OpenTelemetry with http and undici has no exporter, Sentry no sample rate: both only pass traces on. OpenTelemetry's
  auto-instrumentation and dd-trace export to a sink that answers at once, as the LangSmith SDK does.`;

function warmUp({ warmUp: { requests, milliseconds } }) {
  return `${requests} requests, or as many as it could in ${milliseconds / 1000} seconds`;
}
