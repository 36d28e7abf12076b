import type { Goal, Unit } from './goals.ts';
import type { Measured } from './sessions.ts';
import { ratios, type Spread, spreadOf } from './statistics.ts';
import { subjects } from './subjects.ts';

/** A goal, and what was measured of it. */
export interface Row {
  goal: Goal;
  /** Undefined where a side was not measured. */
  of: Spread | undefined;
  against: Spread | undefined;
  ratio: Spread | undefined;
  met: boolean | undefined;
}

export function rowOf(goal: Goal, all: readonly Measured[]): Row {
  const valuesOf = (subject: Goal['of']) =>
    new Map(
      all
        .filter((measured) => measured.subject === subject && fits(measured, goal))
        .map(({ round, figures }) => [round, figures[goal.figure]!] as const),
    );
  const [of, against] = [valuesOf(goal.of), valuesOf(goal.against)];
  const ratio = spreadOf(ratios(of, against));
  return {
    goal,
    of: spreadOf([...of.values()]),
    against: spreadOf([...against.values()]),
    ratio,
    met: ratio && ('most' in goal.bound ? ratio.median <= goal.bound.most : ratio.median >= goal.bound.least),
  };
}

function fits({ step, readers, asBrowser, figures }: Measured, goal: Goal): boolean {
  const isSame = step === goal.step && readers === goal.readers && asBrowser === (goal.asBrowser ?? false);
  return isSame && figures[goal.figure] !== undefined;
}

const head = ['#', 'figure', 'readers', 'Pressbox', 'against', 'its figure', 'ratio (least–most)', 'goal', ''];

export function cellsOf({ goal, of, against, ratio, met }: Row): string[] {
  const bound = 'most' in goal.bound ? `≤ ${goal.bound.most}` : `≥ ${goal.bound.least}`;
  return [
    String(goal.row),
    goal.what,
    goal.readers.toLocaleString('en'),
    figure(of, goal.unit),
    subjects[goal.against].name,
    figure(against, goal.unit),
    ratio === undefined
      ? '-'
      : `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)}, ${ratio.count} rounds)`,
    bound,
    met === undefined ? 'not measured' : met ? 'met' : 'not met',
  ];
}

function figure(spread: Spread | undefined, unit: Unit): string {
  return spread === undefined ? '-' : `${number(unit === 'kB' ? spread.median / 1_000 : spread.median)} ${unit}`;
}

function number(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

/** For a terminal. */
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
