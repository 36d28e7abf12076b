import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { root } from '../runner/imports.ts';

/** Runs a proxy with its file of `deploy/`, in which only addresses and paths are replaced. */
export interface Place {
  folder: string;
  /** The port of the proxy. */
  port: number;
  /** The ports of the nodes behind it. */
  nodes: readonly number[];
  certificate: Certificate;
  /** Changes the configuration for a whole host, or replaces it. */
  change?: (config: string) => string;
}

export interface Certificate {
  key: string;
  certificate: string;
}

export type ProxyName = keyof typeof proxies;

const read = (name: string) => readFile(join(root, 'deploy', name), 'utf8');
const addresses = (nodes: readonly number[]) => nodes.map((node) => `127.0.0.1:${node}`);

export const proxies = {
  nginx: {
    async config({ folder, port, nodes, certificate }: Place): Promise<string> {
      const server = (await read('nginx.conf'))
        .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
        .replace(/^ *server 127\.0\.0\.1:4000([^;]*);$/m, (_, rest: string) =>
          addresses(nodes)
            .map((address) => `  server ${address}${rest};`)
            .join('\n'),
        )
        .replace(/(?<=ssl_certificate +)\/[^;]+/, certificate.certificate)
        .replace(/(?<=ssl_certificate_key +)\/[^;]+/, certificate.key);
      // The lines that a package of nginx adds around those of the file, with all files in the folder. Each reader takes two
      // connections.
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${join(folder, name)};`,
      );
      const main = `daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${join(folder, 'pid')}; error_log stderr warn;`;
      return `${main}\nevents { worker_connections 16384; }\nhttp {\naccess_log off; ${paths.join(' ')}\n${server}\n}\n`;
    },
    run: (file: string) => ['-c', file, '-e', 'stderr'],
    check: (file: string) => ['-t', '-q', '-c', file, '-e', 'stderr'],
  },
  caddy: {
    async config({ port, nodes, certificate }: Place): Promise<string> {
      const site = (await read('Caddyfile'))
        .replace(
          /^\{\$SITE:[^}]*\} \{$/m,
          `https://127.0.0.1:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate.certificate} ${certificate.key}`,
        )
        .replace(/\{\$NODES:[^}]*\}/, addresses(nodes).join(' '));
      return `{\n\tadmin off\n\tauto_https off\n}\n${nodes.length > 1 ? site.replaceAll('# health', 'health') : site}`;
    },
    run: (file: string) => ['run', '--adapter', 'caddyfile', '--config', file],
    check: (file: string) => ['validate', '--adapter', 'caddyfile', '--config', file],
  },
  haproxy: {
    async config({ folder, port, nodes, certificate }: Place): Promise<string> {
      const both = join(folder, 'both.pem');
      await copyFile(certificate.certificate, both);
      await appendFile(both, await readFile(certificate.key));
      return (
        (await read('haproxy.cfg'))
          // As many as the open files of this machine permit.
          .replace(/maxconn \d+/, 'maxconn 8000')
          .replace(/^ *bind :80\n/m, '')
          .replace(/bind :443 ssl crt \S+/, `bind 127.0.0.1:${port} ssl crt ${both}`)
          .replace(/^ *server node1 .*\n *server node2 .*$/m, () =>
            addresses(nodes)
              .map((address, index) => `  server node${index + 1} ${address}`)
              .join('\n'),
          )
      );
    },
    // Without `-db` it would run in the background.
    run: (file: string) => ['-db', '-q', '-f', file],
    check: (file: string) => ['-c', '-q', '-f', file],
  },
};

/** Makes a certificate for 127.0.0.1 in a folder of its own. */
export async function makeCertificate(openssl: string): Promise<Certificate & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-certificate-'));
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate];
  await promisify(execFile)(openssl, [...made, ...subject]);
  return { key, certificate, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Starts a proxy in its folder. Resolves once it accepts connections, with the function that ends it. */
export async function startProxy(name: ProxyName, binary: string, place: Place): Promise<() => Promise<void>> {
  await mkdir(place.folder, { recursive: true });
  const file = join(place.folder, 'config');
  const config = await proxies[name].config(place);
  await writeFile(file, place.change?.(config) ?? config);
  const child = spawn(binary, proxies[name].run(file), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: place.folder },
  });
  const atExit = () => child.kill('SIGKILL');
  process.once('exit', atExit);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(child, 'exit');
  await untilListening(child, place.port, () => said);
  return async () => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', atExit);
  };
}

const lookMs = 50;

async function untilListening(child: ChildProcess, port: number, said: () => string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The proxy ended with ${child.exitCode}: ${said()}`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(lookMs);
  }
}
