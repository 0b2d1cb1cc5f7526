interface Point {
  median: number;
  q1: number;
  q3: number;
}
export interface Panel {
  title: string;
  rows: { label: string; points: (Point | undefined)[] }[];
}
export const PANEL_WIDTH: number;
export function panelHeight(panel: Panel): number;
export function drawPanel(panel: Panel, left: number, top: number): string;
export function ticksFor(least: number, greatest: number): number[];
