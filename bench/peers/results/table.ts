import { subjects } from '../subjects.ts';
import type { Goal, Place, Unit } from './goals.ts';
import type { Measured } from './result-lines.ts';
import { ratios, type Spread, spreadOf } from './statistics.ts';

/** A goal and its measurements. */
export interface Row {
  goal: Goal;
  /** Undefined if this side was not measured. */
  of: Spread | undefined;
  against: Spread | undefined;
  /**
   * The value that the bound applies to: the ratio in rounds that measured both sides, or the figure itself if there is no other
   * side.
   */
  judged: Spread | undefined;
  isMet: boolean | undefined;
}

export function rowOf(goal: Goal, all: readonly Measured[]): Row {
  const of = valuesAt(goal.of, goal.figure, all);
  const against = goal.against && valuesAt(goal.against, goal.figure, all);
  const judged = spreadOf(against === undefined ? [...of.values()] : ratios(of, against));
  return {
    goal,
    of: spreadOf([...of.values()]),
    against: against && spreadOf([...against.values()]),
    judged,
    isMet: judged && ('most' in goal.bound ? judged.median <= goal.bound.most : judged.median >= goal.bound.least),
  };
}

/** Values by round. */
function valuesAt({ subject, step, readers, crowd }: Place, figure: string, all: readonly Measured[]): Map<string, number> {
  const values = new Map<string, number>();
  for (const measured of all) {
    const isThere = measured.subject === subject && measured.step === step && measured.readers === readers;
    const value = measured.figures[figure];
    if (isThere && measured.crowd === crowd && value !== undefined) values.set(measured.round, value);
  }
  return values;
}

const head = ['#', 'figure', 'readers', 'Pressbox', 'compared with', 'its value', 'ratio', 'range', 'rounds', 'goal', ''];

export function cellsOf({ goal, of, against, judged, isMet }: Row): string[] {
  return [
    String(goal.row),
    goal.what,
    goal.of.readers.toLocaleString('en'),
    figure(of?.median, goal.unit),
    peerNameOf(goal),
    goal.against === undefined ? '' : figure(against?.median, goal.unit),
    goal.against === undefined ? '' : (judged?.median.toFixed(2) ?? '-'),
    judged === undefined ? '-' : spread(judged, goal),
    String(judged?.count ?? 0),
    boundOf(goal),
    isMet === undefined ? 'not measured' : isMet ? 'met' : 'not met',
  ];
}

/** The name of the compared server. If Pressbox is compared with itself, the difference between the two. */
export function peerNameOf({ of, against }: Goal): string {
  if (against === undefined) return '';
  return against.subject === of.subject ? 'one channel' : subjects[against.subject].name;
}

export function boundOf({ bound, against, unit }: Goal): string {
  const [sign, value] = 'most' in bound ? ['≤', bound.most] : ['≥', bound.least];
  return `${sign} ${value.toLocaleString('en')}${against === undefined && unit !== '' ? ` ${unit}` : ''}`;
}

function spread({ least, most }: Spread, { against, unit }: Goal): string {
  return against === undefined ? `${number(least, unit)} – ${number(most, unit)}` : `${least.toFixed(2)} – ${most.toFixed(2)}`;
}

function figure(value: number | undefined, unit: Unit): string {
  return value === undefined ? '-' : `${number(value, unit)} ${unit}`.trim();
}

function number(value: number, unit: Unit): string {
  const shown = unit === 'kB' ? value / 1_000 : value;
  if (Number.isInteger(shown) || Math.abs(shown) >= 1_000) return Math.round(shown).toLocaleString('en');
  return shown.toFixed(Math.abs(shown) >= 100 ? 0 : Math.abs(shown) >= 10 ? 1 : Math.abs(shown) >= 0.1 ? 2 : 3);
}

/** The table for a terminal. */
export function textTable(rows: readonly Row[]): string {
  const all = [head, ...rows.map(cellsOf)];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  return all
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const all = [head, head.map(() => '---'), ...rows.map(cellsOf)];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
