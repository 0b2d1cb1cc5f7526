/** Draws one panel of a chart: rows of dots with their quartiles on a logarithmic scale. Pure. */

export const PANEL_WIDTH = 600;
const LABELS = 270;
const PLOT = PANEL_WIDTH - LABELS - 20;
const ROW = 22;
const TOP = 44;
const BOTTOM = 20;
const TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/** @typedef {{median: number, q1: number, q3: number}} Point */
/** @typedef {{title: string, rows: {label: string, points: (Point | undefined)[]}[]}} Panel */

export function panelHeight({ rows }) {
  return TOP + rows.length * ROW + BOTTOM;
}

/**
 * @param {Panel} panel
 * @returns its SVG, at that position
 */
export function drawPanel(panel, left, top) {
  const { title, rows } = panel;
  const values = rows.flatMap(({ points }) => points.filter(Boolean).flatMap(({ q1, q3 }) => [q1, q3]));
  const ticks = ticksFor(Math.min(1, ...values), Math.max(2, ...values));
  const [low, high] = [Math.log(ticks[0]), Math.log(ticks.at(-1))];
  const x = (value) => round(LABELS + ((Math.log(Math.max(value, ticks[0])) - low) / (high - low)) * PLOT);
  const end = TOP + rows.length * ROW;
  const lines = [`<text class="title" x="10" y="16">${escapeText(title)}</text>`];
  for (const tick of ticks) {
    lines.push(
      `<line class="${tick === 1 ? 'one' : 'axis'}" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 8}" y2="${end}"/>`,
      `<text x="${x(tick)}" y="${TOP - 14}" text-anchor="middle">${tick}x</text>`,
    );
  }
  for (const [i, { label, points }] of rows.entries()) {
    const middle = TOP + i * ROW + ROW / 2;
    lines.push(`<text x="${LABELS - 12}" y="${middle + 4}" text-anchor="end">${escapeText(label)}</text>`);
    for (const [series, point] of points.entries()) {
      if (point === undefined) continue;
      const y = middle + (series - (points.length - 1) / 2) * 6;
      lines.push(
        `<line class="series-${series}" x1="${x(point.q1)}" x2="${x(point.q3)}" y1="${y}" y2="${y}" stroke-width="2"/>`,
        `<circle class="series-${series}" cx="${x(point.median)}" cy="${y}" r="3.5"/>`,
      );
    }
  }
  return `<g transform="translate(${left} ${top})">\n${lines.join('\n')}\n</g>`;
}

/** Returns the ticks from the last one at or below the least value to the first one at or above the greatest. */
export function ticksFor(least, greatest) {
  const from = Math.max(
    0,
    TICKS.findLastIndex((tick) => tick <= least),
  );
  const to = TICKS.findIndex((tick) => tick >= greatest);
  return TICKS.slice(from, to === -1 ? undefined : to + 1);
}

function round(value) {
  return Number(value.toFixed(1));
}

function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
