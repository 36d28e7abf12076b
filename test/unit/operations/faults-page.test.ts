import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faults } from '../../drill/faults.ts';
import { root } from '../../support/runner/imports.ts';
import { quotedIn, tablesOf } from '../../support/samples/markdown-blocks.ts';

const read = (path: string) => readFile(join(root, path), 'utf8');
const [page, rules, log, metrics] = await Promise.all(
  ['docs/guides/faults.md', 'deploy/prometheus/rules.yml', 'docs/reference/log.md', 'docs/reference/metrics.md'].map(read),
);

describe('docs/guides/faults.md', () => {
  const [rows = []] = tablesOf(page!, 'What you will see');

  it('has a row for every fault of the drill, with its metric, its line in the log and its alert', () => {
    expect(
      rows.map(([name, what, metric, line, alert]) => [name, what, quotedIn(metric)[0], quotedIn(line)[0], quotedIn(alert)[0]]),
    ).toEqual(faults.map(({ name, what, metric, message, alert }) => [`\`${name}\``, what, metric, message, alert]));
  });

  it('has when each alert fired, within two minutes', () => {
    for (const [name, , , , alert] of rows) {
      const seconds = Number(/, (\d+) s/.exec(alert ?? '')?.[1]);
      expect([name, seconds > 0 && seconds <= 120]).toEqual([name, true]);
    }
  });

  it('names only metrics, lines of the log and alerts that exist', () => {
    const alerts = [...rules!.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const known = new Set([...alerts, ...quotedIn(log), ...quotedIn(metrics), 'up']);
    const named = rows.flatMap(([, , ...cells]) => cells.flatMap((cell) => quotedIn(cell)));
    expect(named.length).toBeGreaterThan(3 * rows.length - 5);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
