import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';

const folder = join(root, 'deploy/prometheus');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const namesIn = (text: string, pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name = '']) => name));

describeWith(needs.promtool, 'the alert rules in deploy/prometheus', (promtool) => {
  const promtoolIn = (...args: string[]) => promisify(execFile)(promtool, args, { cwd: folder });
  const alerts = namesIn(read('rules.yml'), /- alert: (\w+)$/gm);

  it('are valid, and used by the configuration beside them', async () => {
    const { stdout } = await promtoolIn('check', 'config', 'prometheus.yml');
    expect(stdout).toContain(`SUCCESS: ${alerts.size} rules found`);
  });

  it('fire in time, for the server with the fault and not for its neighbour', async () => {
    const { stdout } = await promtoolIn('test', 'rules', 'rules.test.yml');
    expect(stdout).toContain('SUCCESS');
  });

  it('each have a test in which they fire', () => {
    const firing = namesIn(read('rules.test.yml'), /alertname: (\w+)\n +exp_alerts:/gm);
    expect(alerts.size).toBeGreaterThan(20);
    expect([...alerts].filter((name) => !firing.has(name))).toEqual([]);
  });
});
