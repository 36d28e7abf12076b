import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { root } from '../runner/imports.ts';
import { freePort } from './free-port.ts';

export interface Sample {
  metric: Record<string, string>;
  value: number;
}

export interface Rule {
  name: string;
  health: string;
  lastError?: string;
  state: string;
}

export interface Alert {
  name: string;
  /** Empty if the alert is about no single server. */
  instance: string;
  state: string;
}

/** A Prometheus that scrapes servers and evaluates the rules in `deploy/prometheus`. */
export interface Prometheus extends AsyncDisposable {
  /** The result of a query. Throws if Prometheus refuses the query. */
  query(expression: string): Promise<Sample[]>;
  rules(): Promise<Rule[]>;
  /** The alerts that are pending or firing. */
  alerts(): Promise<Alert[]>;
}

/** `scrapeSeconds`: between two scrapes, and between two evaluations of the rules. */
export async function startPrometheus(binary: string, urls: readonly string[], { scrapeSeconds = 1 } = {}): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-prometheus-'));
  const rules = await readFile(join(root, 'deploy/prometheus/rules.yml'), 'utf8');
  await writeFile(join(folder, 'rules.yml'), rules.replace('interval: 15s', `interval: ${scrapeSeconds}s`));
  const configuration = {
    global: { scrape_interval: `${scrapeSeconds}s` },
    rule_files: ['rules.yml'],
    scrape_configs: [{ job_name: 'pressbox', static_configs: [{ targets: urls.map((url) => new URL(url).host) }] }],
  };
  // Every JSON text is also YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
  const port = await freePort();
  const args = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const atExit = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', atExit);

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error);
    return data;
  }

  const isReady = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok === true;
  while (!(await isReady())) {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${log.slice(-2_000)}`);
    await pause(50);
  }
  return {
    async query(expression) {
      const { result } = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expression)}`,
      );
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async rules() {
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>('rules');
      return groups.flatMap((group) => group.rules);
    },
    async alerts() {
      const { alerts } = await ask<{ alerts: { labels: Record<string, string>; state: string }[] }>('alerts');
      return alerts.map(({ labels, state }) => ({ name: labels.alertname ?? '', instance: labels.instance ?? '', state }));
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', atExit);
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
