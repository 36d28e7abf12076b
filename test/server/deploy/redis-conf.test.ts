import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { allPosts, createChannel, publish, wholeJournal, writeAndErase } from '../../support/authors/writers.ts';
import { openReader } from '../../support/readers/socket-reader.ts';
import { describeOn, describeWith, needs } from '../../support/runner/needs.ts';
import { photograph } from '../../support/samples/photographs.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import {
  composeFilesWithStores,
  type DeployedRedis,
  startComposedRedis,
  startDeployedRedis,
  storeFiles,
} from '../../support/stores/deployed-redis.ts';

/** Starts the store of each file in `deploy/` that has one, and uses the store through a server. */

describe('the stores of deploy/', () => {
  it('are found: one for Redis, one for Valkey, and that of the compose file', () => {
    expect([...storeFiles(), ...composeFilesWithStores()]).toEqual([
      { file: 'redis.conf', program: 'redis' },
      { file: 'valkey.conf', program: 'valkey' },
      { file: 'compose.cluster.yaml', program: 'redis' },
    ]);
  });
});

for (const { file, program } of storeFiles()) {
  describeOn(program, `${program} with deploy/${file}`, (binary) => {
    let store: DeployedRedis;
    beforeAll(async () => {
      store = await startDeployedRedis(binary, file);
    });
    afterAll(() => store?.[Symbol.asyncDispose]());

    keepsEverything(() => store);

    it('lets nobody in without a name, and its user for Pressbox do nothing else', async () => {
      const asked = async (url: string, ...command: [string, ...string[]]) => {
        const connection = new Redis(url, { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false });
        connection.on('error', () => undefined);
        try {
          await connection.connect();
          return String(await connection.call(...command));
        } catch (error) {
          return (error as Error).message;
        } finally {
          connection.disconnect();
        }
      };
      const stranger = connect(store.port, '127.0.0.1');
      onTestFinished(() => void stranger.destroy());
      const told = async (command: string) => {
        stranger.write(`${command}\r\n`);
        const [answer] = (await once(stranger, 'data')) as [Buffer];
        return answer.toString().trim();
      };
      const commands = ['PING', 'INFO', 'GET pressbox:format', 'EVAL return 0', 'FLUSHALL', 'SUBSCRIBE a', 'MULTI', 'ACL LIST'];
      for (const command of commands)
        expect([command, await told(command)]).toEqual([command, expect.stringMatching(/^-NOAUTH/)]);
      const logins = ['AUTH default ""', 'AUTH ""', 'AUTH default', 'HELLO 3 AUTH default ""', 'AUTH default nopass'];
      for (const login of logins) expect([login, await told(login)]).toEqual([login, expect.stringMatching(/^-WRONGPASS/)]);
      expect(await told('PING')).toMatch(/^-NOAUTH/);

      expect(await asked(store.url, 'PING')).toBe('PONG');
      for (const command of ['FLUSHALL', 'KEYS *', 'CONFIG SET appendfsync no', 'ACL LIST', 'SHUTDOWN']) {
        const [name = '', ...words] = command.split(' ');
        expect([command, await asked(store.url, name, ...words)]).toEqual([command, expect.stringContaining('NOPERM')]);
      }
      expect(await asked(store.url, 'GET', 'other')).toContain('NOPERM');
      expect(await asked(store.operatorUrl, 'CONFIG', 'GET', 'appendfsync')).toBe('appendfsync,always');
    });
  });
}

describeWith(needs.compose, 'the store of a compose file', (compose) => {
  for (const { file, program } of composeFilesWithStores()) {
    describeOn(program, `in deploy/${file}`, (binary) => {
      let store: DeployedRedis;
      beforeAll(async () => {
        store = await startComposedRedis(compose, binary, file);
      });
      afterAll(() => store?.[Symbol.asyncDispose]());

      keepsEverything(() => store);
    });
  }
});

function keepsEverything(storeOf: () => DeployedRedis): void {
  it('keeps everything that authors did when it is restarted, cleanly or not', async () => {
    const store = storeOf();
    await using server = await startServerProcess({
      env: { PRESSBOX_REDIS_URL: store.url, PRESSBOX_MEDIA_DIR: join(store.directory, 'media') },
    });
    expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' });
    const token = await server.token({ editor: ['*'], admin: true });
    const { id } = await createChannel(server, token);
    const reader = await openReader(server.url);
    onTestFinished(() => reader.destroy());
    await reader.subscribe(id);

    const path = `/v1/channels/${id}`;
    // First, because it rewrites the append-only file: what follows is in the file as it was written.
    const { post: wrong } = await publish(server, token, id, { headline: 'A name that must go' });
    await writeAndErase(server, token, { path: `${path}/posts/${wrong.id}/takedown`, body: {} });
    const uploaded = await call(`${server.url}${path}/media`, {
      method: 'POST',
      token,
      body: await photograph(64, 48, 1),
      headers: { 'content-type': 'image/jpeg' },
    });
    expect(uploaded.status).toBe(201);
    const { media } = uploaded.body as { media: { id: string } };
    const picture = { type: 'image' as const, url: `media:${media.id}`, alt: 'Smoke', width: 64, height: 48 };
    const { post } = await publish(server, token, id, { headline: 'Smoke over pier four', media: [picture] }, 'the first');
    const corrected = { kind: 'correction', note: 'It is pier five.', changes: { headline: 'Smoke over pier five' } };
    const revised = { path: `${path}/posts/${post.id}/revisions`, ifMatch: 1, body: corrected, key: 'the correction' };
    await writeAndErase(server, token, revised);
    await vi.waitFor(() => expect(reader.heard('event')).toHaveLength(4));
    const signIn = async () => {
      const { headers } = await call(`${server.url}/v1/session`, { method: 'POST', token });
      return headers.get('set-cookie')?.split(';')[0] ?? '';
    };
    const cookies = [await signIn(), await signIn()] as const;
    const same = { 'sec-fetch-site': 'same-origin' };
    await call(`${server.url}/v1/session`, { method: 'DELETE', headers: { cookie: cookies[1], ...same } });

    const everything = async () => {
      const posts = await allPosts(server, id);
      const address = posts.flatMap(({ media }) => media ?? [])[0]?.url;
      const picture = await fetch(new URL(address ?? '', server.url));
      const sessions = await Promise.all(
        cookies.map(async (cookie) => (await call(`${server.url}/v1/session`, { headers: { cookie, ...same } })).body),
      );
      const journal = await wholeJournal(server, id, token);
      return { posts, journal, sessions, picture: [picture.status, (await picture.arrayBuffer()).byteLength] };
    };
    const before = await everything();
    expect(before).toMatchObject({
      posts: [{ headline: 'Smoke over pier five' }, { status: 'taken-down' }],
      sessions: [{ session: { sub: 'ada' } }, { session: null }],
      picture: [200, expect.any(Number)],
    });

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await store.restart(signal);
      await vi.waitFor(async () => expect((await call(`${server.url}/readyz`)).body).toEqual({ status: 'ready' }));
      expect([signal, await everything()]).toEqual([signal, before]);
      const again = await publish(server, token, id, { headline: 'Smoke over pier four', media: [picture] }, 'the first');
      expect([signal, again.replayed, again.post.id]).toEqual([signal, true, post.id]);
    }
    expect(await store.log()).not.toContain('NOPERM');

    const verified = run(['verify', '--redis', '--json'], { PRESSBOX_REDIS_URL: store.url });
    expect([await verified.code, verified.err]).toEqual([0, '']);
    await vi.waitFor(async () => {
      expect((await call(`${server.url}/metrics`)).text).toMatch(/^pressbox_erasures_pending 0$/m);
    });
    expect((await call(`${server.url}${path}`, { method: 'DELETE', token })).status).toBeLessThan(300);
  });
}
