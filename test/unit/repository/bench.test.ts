import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chart } from '../../../bench/peers/results/chart.ts';
import { type Goal, goals, sessionsFor } from '../../../bench/peers/results/goals.ts';
import { type Measured, parseLines } from '../../../bench/peers/results/result-lines.ts';
import { page, resultFiles } from '../../../bench/peers/results/results-page.ts';
import { ratios, slopeOf, spreadOf } from '../../../bench/peers/results/statistics.ts';
import { cellsOf, markdownTable, rowOf, textTable } from '../../../bench/peers/results/table.ts';
import { progressLine } from '../../../bench/progress.ts';

/** How the benchmark evaluates its measurements. No measured value is asserted. */

describe('statistics over rounds', () => {
  it('take the median, which is the mean of the two middle values of an even count', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, least: 1, most: 9, count: 3 });
    expect(spreadOf([4, 1, 9, 2])).toEqual({ median: 3, least: 1, most: 9, count: 4 });
    expect(spreadOf([])).toBeUndefined();
  });

  it('compare values of the same round, and ignore a round that lacks one side', () => {
    const of = new Map([
      ['first', 1],
      ['second', 6],
      ['third', 5],
    ]);
    const against = new Map([
      ['second', 3],
      ['first', 4],
    ]);
    expect(ratios(of, against)).toEqual([0.25, 2]);
  });

  it('fit the growth with a least-squares line', () => {
    expect(
      slopeOf([
        [0, 10],
        [1, 13],
        [2, 16],
      ]),
    ).toBe(3);
    expect(
      slopeOf([
        [0, 1],
        [1, 5],
        [2, 1],
        [3, 5],
      ]),
    ).toBeCloseTo(0.8);
  });
});

const goalOf = (row: number) => goals.find((goal) => goal.row === row)!;

/** A result line of a session, for one side of a goal. */
function line({ subject, step, readers, crowd }: Goal['of'], round: string, figures: Record<string, number>): Measured {
  return { at: '2026-11-26T12:00:00.000Z', round, subject, step, readers, crowd, figures };
}

function linesOf(goal: Goal, rounds: readonly (readonly [of: number, against: number])[]): Measured[] {
  return rounds.flatMap(([of, against], round) => [
    line(goal.of, String(round), { [goal.figure]: of }),
    ...(goal.against ? [line(goal.against, String(round), { [goal.figure]: against })] : []),
  ]);
}

describe('a goal', () => {
  it('applies to the median of the ratios', () => {
    const goal = goalOf(1);
    expect(
      rowOf(
        goal,
        linesOf(goal, [
          [6, 10],
          [7, 10],
          [3, 10],
        ]),
      ),
    ).toMatchObject({ judged: { median: 0.6, count: 3 }, isMet: true });
    expect(
      rowOf(
        goal,
        linesOf(goal, [
          [7, 10],
          [7, 10],
          [3, 10],
        ]),
      ),
    ).toMatchObject({ judged: { median: 0.7 }, isMet: false });
  });

  it('can be a lower bound', () => {
    const goal = goalOf(4);
    expect(rowOf(goal, linesOf(goal, [[21, 10]]))).toMatchObject({ isMet: false });
    expect(rowOf(goal, linesOf(goal, [[22, 10]]))).toMatchObject({ isMet: true });
  });

  it('can apply to the figure itself', () => {
    const goal = goalOf(14);
    const row = rowOf(goal, linesOf(goal, [[1_001, 0]]));
    expect(row).toMatchObject({ judged: { median: 1_001 }, isMet: false });
    expect(cellsOf(row)).toContain('≤ 1,000 ms');
  });

  it('is shown as not measured when one side is missing', () => {
    const goal = goalOf(1);
    const row = rowOf(goal, [line(goal.of, 'one', { [goal.figure]: 1 })]);
    expect(row.isMet).toBeUndefined();
    expect(cellsOf(row).at(-1)).toBe('not measured');
  });

  it('has its measurements in the sessions that run for it, each of them once', () => {
    const places = sessionsFor(goals).flatMap(({ subject, readers, crowd, steps }) =>
      steps.map((step) => [subject, readers, crowd, step].join()),
    );
    expect(new Set(places).size).toBe(places.length);
    for (const { of, against } of goals) {
      for (const { subject, readers, crowd, step } of against ? [of, against] : [of]) {
        expect(places).toContain([subject, readers, crowd, step].join());
      }
    }
  });
});

const allRows = goals.map((goal) =>
  rowOf(
    goal,
    linesOf(goal, [
      [3, 4],
      [5, 4],
    ]),
  ),
);

describe('the table', () => {
  it('has a line for each goal, as text and as Markdown', () => {
    expect(textTable(allRows).split('\n')).toHaveLength(goals.length + 1);
    const lines = markdownTable(allRows).split('\n');
    expect(lines).toHaveLength(goals.length + 2);
    expect(new Set(lines.map((row) => row.split('|').length)).size).toBe(1);
  });
});

describe('the chart', () => {
  const drawn = chart(allRows);

  it('is well-formed XML', () => {
    expect(unbalanced(drawn)).toEqual([]);
    expect(drawn).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('describes every ratio in its text alternative', () => {
    const description = /<desc id="desc">(.*?)<\/desc>/s.exec(drawn)?.[1] ?? '';
    for (const { goal } of allRows.filter(({ goal }) => goal.against !== undefined))
      expect(description).toContain(`${goal.row}: ${goal.what}`);
    expect(drawn).toContain('role="img" aria-labelledby="title desc"');
  });

  it('clips ratios beyond its axis, and escapes labels', () => {
    const goal = { ...goalOf(1), what: '</text><script>"&' };
    const extreme = chart([
      rowOf(
        goal,
        linesOf(goal, [
          [1_000, 1],
          [1, 1_000],
        ]),
      ),
    ]);
    expect(unbalanced(extreme)).toEqual([]);
    expect(extreme).not.toContain('<script');
    const places = [...extreme.matchAll(/ x(?:1|2)?="([\d.-]+)"/g)].map(([, x]) => Number(x));
    expect(Math.min(...places)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...places)).toBeLessThanOrEqual(1_060);
  });
});

describe('the progress', () => {
  it('shows the completed steps and the remaining time', () => {
    expect(progressLine({ done: 0, total: 23, what: 'nchan', elapsedMs: 0 })).toBe(
      '[>                       ]  0 of 23 · 0 s · nchan',
    );
    expect(progressLine({ done: 12, total: 24, what: 'nchan', elapsedMs: 60_000 })).toBe(
      '[============>           ] 12 of 24 · 60 s, about 60 s left · nchan',
    );
  });
});

describe.runIf(existsSync(resultFiles.lines))('the results page and its picture', () => {
  it('match the stored measurements', () => {
    const kept = parseLines(readFileSync(resultFiles.lines, 'utf8'));
    const rows = goals.map((goal) => rowOf(goal, kept.measured));
    expect(readFileSync(resultFiles.page, 'utf8')).toBe(page(rows, kept));
    expect(readFileSync(resultFiles.picture, 'utf8')).toBe(chart(rows));
  });
});

/** Unbalanced tags and unescaped characters. */
function unbalanced(xml: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const withoutTags = xml.replace(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi,
    (_, closes, name, _attributes, empty) => {
      if (closes) {
        if (open.pop() !== name) wrong.push(`</${name}>`);
      } else if (!empty) open.push(name);
      return '';
    },
  );
  return [...wrong, ...open, ...(withoutTags.match(/<|&(?!amp;|lt;|gt;|quot;)/g) ?? [])];
}
