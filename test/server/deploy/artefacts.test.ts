import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseYaml } from '@redocly/openapi-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { makeCertificate, proxies } from '../../support/servers/proxies.ts';

/** Gives each file of `deploy/` to the program that reads it. */

const run = promisify(execFile);
const at = (...path: string[]) => join(root, 'deploy', ...path);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-deploy-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What `.env` has, as deploy/README.md shows it. */
const words = { SITE: 'live.example.org', REDIS_PASSWORD: 'a', OPERATOR_PASSWORD: 'b', JWT_SECRET: 'c', CERTIFICATES: '/tmp' };

describeWith(needs.compose, 'the compose files', (compose) => {
  type Services = Record<string, { read_only?: boolean; cap_drop?: string[]; security_opt?: string[]; ports?: object[] }>;
  const configOf = async (file: string, env: object) => {
    const { stdout } = await run(compose, ['--file', at(file), 'config', '--format', 'json'], {
      env: { ...process.env, ...env },
    });
    return (JSON.parse(stdout) as { services: Services }).services;
  };

  it.each([
    ['compose.yaml', ['caddy', 'pressbox'], ['caddy']],
    ['compose.cluster.yaml', ['haproxy', 'node1', 'node2', 'redis'], ['haproxy']],
  ])('have services without rights, of which only the proxy has ports: %s', async (file, names, published) => {
    const services = await configOf(file, words);
    expect(Object.keys(services).sort()).toEqual(names);
    for (const [name, { read_only, cap_drop, security_opt, ports }] of Object.entries(services)) {
      expect([name, read_only, cap_drop, security_opt]).toEqual([name, true, ['ALL'], ['no-new-privileges:true']]);
      expect([name, ports !== undefined]).toEqual([name, published.includes(name)]);
    }
  });

  it('name what is missing in .env', async () => {
    const missing = (file: string) =>
      configOf(file, Object.fromEntries(Object.keys(words).map((name) => [name, '']))).catch((error: Error) => error.message);
    expect(await missing('compose.yaml')).toContain('the public host name');
    expect(await missing('compose.cluster.yaml')).toMatch(/required variable \w+ is missing a value/);
  });
});

interface Manifest {
  kind: string;
  metadata: { name: string; labels?: Labels };
  /** The selector of a service has no `matchLabels`. */
  spec?: { selector?: Labels | { matchLabels: Labels }; template?: { metadata: { labels?: Labels } } };
}
type Labels = Record<string, string>;

const labelsIn = (selector: Labels | { matchLabels: Labels }): Labels =>
  typeof selector.matchLabels === 'object' ? selector.matchLabels : (selector as Labels);

/** Whether an object with these labels is selected. A selector without labels counts as none. */
const selects = (selector: Labels, labels: Labels) =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([name, value]) => labels[name] === value);

describeWith(needs.kustomize, 'the manifests for Kubernetes', (kustomize) => {
  it('have selectors that match pods of a workload, or services', async () => {
    const { stdout } = await run(kustomize, ['build', at('kubernetes')]);
    const manifests = stdout.split(/^---$/m).map((text) => parseYaml(text) as Manifest);
    const pods = manifests.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.metadata.labels ?? {}]));
    const services = manifests.flatMap(({ kind, metadata }) => (kind === 'Service' ? [metadata.labels ?? {}] : []));
    const selecting = manifests.filter(({ kind }) => !['ConfigMap', 'PrometheusRule'].includes(kind));
    expect(selecting.length).toBeGreaterThanOrEqual(5);
    for (const { kind, metadata, spec } of selecting) {
      const { selector = {} } = spec ?? {};
      const found = (kind === 'ServiceMonitor' ? services : pods).filter((labels) => selects(labelsIn(selector), labels));
      expect([kind, metadata.name, found.length]).toEqual([kind, metadata.name, 1]);
    }
  });

  it('are built, by themselves and in an overlay as deploy/README.md says', async () => {
    const { stdout: base } = await run(kustomize, ['build', at('kubernetes')]);
    const kinds = [...base.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind);
    expect(kinds.sort()).toEqual([
      'ConfigMap',
      'Deployment',
      'PodDisruptionBudget',
      'PrometheusRule',
      'Service',
      'Service',
      'ServiceMonitor',
    ]);
    const lines = ['enableServiceLinks: false', 'maxUnavailable: 0', 'readOnlyRootFilesystem: true', 'runAsNonRoot: true'];
    for (const line of lines) expect(base).toContain(line);

    const folder = await temporaryFolder();
    const overlay = `
resources: [base]
images: [{ name: pressbox, newName: registry.example.org/pressbox }]
configMapGenerator:
  - { name: pressbox, behavior: merge, literals: [PRESSBOX_PUBLIC_URL=https://news.example.org] }
patches:
  - patch: |
      $patch: delete
      apiVersion: monitoring.coreos.com/v1
      kind: ServiceMonitor
      metadata: { name: pressbox }
  - patch: |
      $patch: delete
      apiVersion: monitoring.coreos.com/v1
      kind: PrometheusRule
      metadata: { name: pressbox }
`;
    await run('cp', ['-r', at('kubernetes'), join(folder, 'base')]);
    await writeFile(join(folder, 'kustomization.yaml'), overlay);
    const { stdout: changed } = await run(kustomize, ['build', folder]);
    expect(changed).toContain('PRESSBOX_PUBLIC_URL: https://news.example.org\n');
    expect(changed).toContain('PRESSBOX_TRUST_PROXY: "1"\n');
    expect(changed).toMatch(/image: registry\.example\.org\/pressbox:/);
    expect(changed).not.toMatch(/ServiceMonitor|PrometheusRule/);
  });
});

describeWith(needs.systemdAnalyze, 'the units for systemd', (analyze) => {
  it.each(['pressbox.service', 'pressbox-verify.service'])('are rated below 3: %s', async (unit) => {
    const { stdout } = await run(analyze, ['security', '--offline=true', '--threshold=30', at('systemd', unit)]);
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(3);
  });

  it('have no unknown lines', async () => {
    const units = ['pressbox.service', 'pressbox-verify.service', 'pressbox-verify.timer'].map((unit) => at('systemd', unit));
    // The commands are not installed here.
    const { stderr } = spawnSync(analyze, ['verify', '--man=no', ...units], { encoding: 'utf8' });
    const about = stderr.split('\n').filter((line) => line.includes('pressbox') && !line.includes('is not executable'));
    expect(about).toEqual([]);
  });
});

describeWith(needs.openssl, 'the configuration of a proxy', (openssl) => {
  for (const name of ['nginx', 'caddy', 'haproxy'] as const) {
    describeWith(needs[name], `in the file for ${name}`, (binary) => {
      it.each([[[4000]], [[4000, 4001]]])('is valid for nodes on %j', async (nodes) => {
        await using certificate = await makeCertificate(openssl);
        const folder = await temporaryFolder();
        await mkdir(join(folder, 'proxy'));
        const place = { folder: join(folder, 'proxy'), port: 4443, nodes, certificate };
        const config = await proxies[name].config(place);
        for (const node of nodes) expect(config).toContain(`127.0.0.1:${node}`);
        const file = join(folder, 'config');
        await writeFile(file, config);
        await run(binary, proxies[name].check(file), { env: { ...process.env, HOME: folder } });
      });
    });
  }

  describeWith(needs.haproxy, 'in haproxy.cfg as it is', (haproxy) => {
    it('is valid once there is a certificate in its folder', async () => {
      await using certificate = await makeCertificate(openssl);
      const folder = await temporaryFolder();
      await mkdir(join(folder, 'certificates'));
      const both = await Promise.all([certificate.certificate, certificate.key].map((file) => readFile(file, 'utf8')));
      await writeFile(join(folder, 'certificates', 'live.example.org.pem'), both.join(''));
      const config = await readFile(at('haproxy.cfg'), 'utf8');
      const file = join(folder, 'config');
      await writeFile(file, config.replace('/etc/haproxy/certificates/', `${folder}/certificates/`));
      await run(haproxy, proxies.haproxy.check(file));
    });
  });
});

describe('deploy/systemd/pressbox-verify.sh', () => {
  it('is a valid script', async () => {
    await run('sh', ['-n', at('systemd', 'pressbox-verify.sh')]);
  });
});
