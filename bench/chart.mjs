/**
 * Draws the results of a run as an SVG: a dot for each variant and Node.js version, on a scale of multiples of bare
 * Node. Pure.
 */

import { drawPanel, PANEL_WIDTH, panelHeight } from './panel.mjs';
import { pair, summarize } from './statistics.mjs';
import { SERVERS, STARTS } from './variants.mjs';

const COLUMNS = 2;
const HEADER = 40;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; font-size: 13px; }
  .axis { stroke: #d0d7de; }
  .one { stroke: #59636e; }
  .series-0 { fill: #0969da; stroke: #0969da; }
  .series-1 { fill: #bf5700; stroke: #bf5700; }
  .series-2 { fill: #1a7f37; stroke: #1a7f37; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .axis { stroke: #3d444d; }
    .one { stroke: #9198a1; }
    .series-0 { fill: #4493f8; stroke: #4493f8; }
    .series-1 { fill: #f0883e; stroke: #f0883e; }
    .series-2 { fill: #3fb950; stroke: #3fb950; }
  }`;

export function drawChart(results) {
  const nodes = Object.keys(results.measured);
  const panels = panelsOf(results.measured);
  const heights = [];
  for (let i = 0; i < panels.length; i += COLUMNS)
    heights.push(Math.max(...panels.slice(i, i + COLUMNS).map(panelHeight)));
  const tops = heights.map((_, row) => HEADER + heights.slice(0, row).reduce((sum, h) => sum + h, 0));
  const drawn = panels.map((panel, i) =>
    drawPanel(panel, (i % COLUMNS) * PANEL_WIDTH, tops[Math.floor(i / COLUMNS)]),
  );
  const legend = nodes.map(
    (node, i) =>
      `<circle class="series-${i}" cx="${20 + i * 90}" cy="20" r="5"/><text x="${30 + i * 90}" y="24">Node ${node}</text>`,
  );
  const width = PANEL_WIDTH * COLUMNS;
  const height = HEADER + heights.reduce((sum, h) => sum + h, 0);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>What tracing costs, times bare Node</title>
<style>${STYLE}
</style>
${[...legend, ...drawn].join('\n')}
</svg>
`;
}

/** Returns a panel for each app that was started, and for each client. */
function panelsOf(measured) {
  const all = Object.values(measured);
  const keys = (part) => [...new Set(all.flatMap((one) => Object.keys(part(one) ?? {})))];
  const startups = keys(({ startup }) => startup).map((app) =>
    panelOf(`Start-up, ${app}: CPU`, STARTS, all, (one, name) => {
      const cpu = one.startup?.[app]?.[name]?.cpu;
      return cpu && pair([cpu.value], [cpu.over], (value, over) => value / (value - over));
    }),
  );
  const hops = keys(({ hop }) => hop?.clients).map((client) =>
    panelOf(
      `A request, ${client === 'none' ? 'server only' : `through ${client}`}: CPU`,
      SERVERS,
      all,
      (one, name) => one.hop?.clients[client]?.[name]?.ratio,
    ),
  );
  return [...startups, ...hops];
}

function panelOf(title, variants, all, samplesOf) {
  const rows = variants.map(({ name, label }) => ({
    label,
    points: all.map((one) => samplesOf(one, name)).map((samples) => samples && summarize(samples)),
  }));
  return { title, rows: rows.filter(({ points }) => points.some((point) => point !== undefined)) };
}
