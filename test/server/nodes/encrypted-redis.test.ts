import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { startRedis } from '../../support/stores/redis.ts';

for (const kind of ['redis', 'valkey'] as const) {
  describeWith(needs[kind], `an encrypted connection to ${kind}`, (binary) => {
    describeWith(needs.openssl, 'with a self-signed certificate', (openssl) => {
      it('works if the certificate authority is trusted, and is refused otherwise', async () => {
        const directory = await mkdtemp(join(tmpdir(), 'pressbox-tls-'));
        try {
          const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
          const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
          const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
          await promisify(execFile)(openssl, [...request, ...subject]);
          const port = await freePort();
          await using redis = await startRedis(binary, [
            `tls-port ${port}`,
            `tls-cert-file ${cert}`,
            `tls-key-file ${key}`,
            `tls-ca-cert-file ${cert}`,
            'tls-auth-clients no',
          ]);
          const url = redis.url.replace('redis:', 'rediss:').replace(String(redis.port), String(port));
          const env = { PRESSBOX_REDIS_URL: url };
          await using server = await startServerProcess({ env: () => ({ ...env, NODE_EXTRA_CA_CERTS: cert }) });
          const token = await server.token();
          const { id } = await createChannel(server, token);
          expect((await publish(server, token, id, { body: 'Sealed.' })).status).toBe(201);
          await expect(startServerProcess({ env })).rejects.toThrow(/certificate/);
        } finally {
          await rm(directory, { recursive: true, force: true });
        }
      });
    });
  });
}
