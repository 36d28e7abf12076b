import { expect, it } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { describeOn, describeWith, needs } from '../../support/runner/needs.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { makeCertificate } from '../../support/servers/self-signed.ts';
import { startRedis } from '../../support/stores/redis.ts';
import { startSentinelGroup } from '../../support/stores/sentinels.ts';

for (const kind of ['redis', 'valkey'] as const) {
  describeOn.concurrent(kind, `an encrypted connection to ${kind}`, (binary) => {
    describeWith.concurrent(needs.openssl, 'with a self-signed certificate', (openssl) => {
      it('works if the certificate authority is trusted, and is refused otherwise', async () => {
        await using certificate = await makeCertificate(openssl);
        const { key, cert } = certificate;
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
      });

      it('works behind Sentinel, where servers and Sentinels encrypt, and follows a failover', async () => {
        await using certificate = await makeCertificate(openssl);
        await using group = await startSentinelGroup(binary, { certificate });
        expect(group.url).toMatch(/^rediss\+sentinel:/);
        const env = { PRESSBOX_REDIS_URL: group.url, PRESSBOX_REDIS_MIN_REPLICAS: '1' };
        // Gives up after ten seconds, in which the other server is tested.
        const untrusting = startServerProcess({ env }).catch(String);
        await using server = await startServerProcess({ env: () => ({ ...env, NODE_EXTRA_CA_CERTS: certificate.cert }) });
        const token = await server.token();
        const { id } = await createChannel(server, token);
        const { offset } = await publish(server, token, id, { body: 'Sealed.' }, 'sealed');
        const master = await group.master();
        await master.kill();
        await group.moved(master);
        expect((await publish(server, token, id, { body: 'Sealed again.' }, 'again')).offset).toBe(offset + 1);
        expect(await untrusting).toMatch(/failed to connect to sentinel .* certificate must be trusted/);
      });
    });
  });
}
