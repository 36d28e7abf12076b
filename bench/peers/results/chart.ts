import { boundOf, peerNameOf, type Row } from './table.ts';

/**
 * Draws the ratios as SVG. Each row has a bar that begins at 1 and goes to the left if Pressbox uses less and to the right if it
 * uses more, a tick for the goal, and a thin line for the range of the rounds. The picture works on light and dark backgrounds
 * and has a text description.
 */
export function chart(rows: readonly Row[]): string {
  const shown = rows.filter((row) => row.goal.against !== undefined && row.judged !== undefined).map(barOf);
  const height = top + shown.length * rowHeight + foot;
  const title = 'Pressbox compared with other servers: resources taken, as a ratio';
  const description = shown.map(({ row, what, beside, result }) => `${row}: ${what}, ${beside}: ${result}.`).join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="desc">${escaped(description)}</desc>`,
    `<style>${style}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    `<text class="head" x="${margin}" y="26">${escaped(title)}</text>`,
    ...axis(top + shown.length * rowHeight),
    ...shown.flatMap((bar, index) => drawn(bar, top + index * rowHeight)),
    '</svg>',
    '',
  ].join('\n');
}

const width = 1_060;
const margin = 16;
const plotFrom = 470;
const plotTo = 830;
const top = 64;
const rowHeight = 38;
const numberWidth = 26;
const foot = 44;
/** The ends of the logarithmic axis. Ratios beyond it are drawn at its edge. */
const [leastRatio, mostRatio] = [1 / 8, 8];
const ticks = [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8];

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1b1f24 }
  .head { font-size: 16px; font-weight: 600 }
  .small { font-size: 12px; fill: #57606a }
  .page { fill: #fff }
  .grid { stroke: #d0d7de }
  .same { stroke: #57606a }
  .met { fill: #1a7f37 }
  .missed { fill: #bc4c00 }
  .range { stroke: #1b1f24; stroke-width: 1.5 }
  .goal { stroke: #1b1f24; stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .small { fill: #9198a1 }
    .page { fill: #0d1117 }
    .grid { stroke: #30363d }
    .same { stroke: #9198a1 }
    .met { fill: #3fb950 }
    .missed { fill: #f0883e }
    .range, .goal { stroke: #e6edf3 }
  }
`;

interface Bar {
  row: number;
  what: string;
  /** The compared server and the number of readers. */
  beside: string;
  result: string;
  isMet: boolean;
  /** Ratios of the resources that are used. Lower is better. */
  median: number;
  least: number;
  most: number;
  goal: number;
}

function barOf({ goal, judged, isMet }: Row): Bar {
  const { median, least, most } = judged!;
  const { bound } = goal;
  // If a higher figure is better, its inverse is the amount of resources per unit.
  const taken =
    'most' in bound
      ? { median, least, most, goal: bound.most }
      : { median: 1 / median, least: 1 / most, most: 1 / least, goal: 1 / bound.least };
  return {
    ...taken,
    row: goal.row,
    what: goal.what,
    beside: `compared with ${peerNameOf(goal)}, ${goal.of.readers.toLocaleString('en')} readers`,
    result: `${median.toFixed(2)}, goal ${boundOf(goal)}, ${isMet ? 'met' : 'not met'}`,
    isMet: isMet === true,
  };
}

function drawn({ row, what, beside, result, isMet, median, least, most, goal }: Bar, y: number): string[] {
  const [from, to] = [at(1), at(median)].toSorted((a, b) => a - b) as [number, number];
  const middle = y + rowHeight / 2;
  return [
    `<text class="small" x="${margin}" y="${middle - 2}">${row}</text>`,
    `<text x="${margin + numberWidth}" y="${middle - 2}">${escaped(what)}</text>`,
    `<text class="small" x="${margin + numberWidth}" y="${middle + 13}">${escaped(beside)}</text>`,
    `<rect class="${isMet ? 'met' : 'missed'}" x="${from}" y="${middle - 6}" width="${round(Math.max(1, to - from))}" height="12"/>`,
    `<line class="range" x1="${at(least)}" x2="${at(most)}" y1="${middle}" y2="${middle}"/>`,
    `<line class="goal" x1="${at(goal)}" x2="${at(goal)}" y1="${middle - 9}" y2="${middle + 9}"/>`,
    `<text x="${plotTo + margin}" y="${middle + 4}">${escaped(result)}</text>`,
  ];
}

function axis(bottom: number): string[] {
  return [
    ...ticks.flatMap((ratio) => [
      `<line class="${ratio === 1 ? 'same' : 'grid'}" x1="${at(ratio)}" x2="${at(ratio)}" y1="${top - 8}" y2="${bottom}"/>`,
      `<text class="small" x="${at(ratio)}" y="${top - 14}" text-anchor="middle">${ratio < 1 ? `1/${1 / ratio}` : ratio}</text>`,
    ]),
    `<text class="small" x="${margin}" y="${bottom + 26}">Thick ticks: goals. Thin lines: range of the rounds.</text>`,
    `<text class="small" x="${at(1) - 10}" y="${bottom + 26}" text-anchor="end">← takes less</text>`,
    `<text class="small" x="${at(1) + 10}" y="${bottom + 26}">takes more →</text>`,
  ];
}

/** The x coordinate of a ratio. */
function at(ratio: number): number {
  const within = Math.min(mostRatio, Math.max(leastRatio, ratio));
  return round(plotFrom + ((plotTo - plotFrom) * Math.log(within / leastRatio)) / Math.log(mostRatio / leastRatio));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
