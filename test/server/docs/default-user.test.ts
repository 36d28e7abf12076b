import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { allPosts, createChannel, publish } from '../../support/authors/writers.ts';
import { root } from '../../support/runner/imports.ts';
import { describeOn, describeWith, needs } from '../../support/runner/needs.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { openShell } from '../../support/servers/shell.ts';
import { configFile, type DeployedRedis, startDeployedRedis } from '../../support/stores/deployed-redis.ts';

/** Corrects a server that runs with the line that `deploy/redis.conf` had before, as docs/guides/redis.md says. */

const page = await readFile(join(root, 'docs/guides/redis.md'), 'utf8');
const [, right = ''] = /^```acl-default\n(.*)\n```$/m.exec(page) ?? [];
const commandsIn = (heading: string) => {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, lines]) => lines ?? '');
};
const withoutRights = (config: string) => config.replace(/^user default .*$/m, 'user default reset');
const patient = { interval: 50 };

for (const kind of ['redis', 'valkey'] as const) {
  describeOn(kind, `docs/guides/redis.md for ${kind} whose default user has no rights`, (binary) => {
    // Its command is in the docs.
    describeWith(needs.redis, 'and redis-cli', () => {
      it('has the commands that keep everything when the server is restarted', async () => {
        await using store = await startDeployedRedis(binary, undefined, withoutRights);
        await using server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: store.url } });
        await publishIn(server, 'harbour-fire');
        const [correct = ''] = commandsIn('Correct the default user of a running server');
        await (await shellFor(store)).run(correct);
        await writeRightLine(store);
        await store.restart('SIGTERM');
        await vi.waitFor(async () => expect(await headlines(server, 'harbour-fire')).toEqual(['One', 'Two']), patient);
        expect(await store.log()).not.toContain('NOPERM');
      });

      it('has the commands that recover what a restart lost', async () => {
        await using store = await startDeployedRedis(binary, undefined, withoutRights);
        await using server = await startServerProcess({ env: { PRESSBOX_REDIS_URL: store.url } });
        await publishIn(server, 'harbour-fire');
        const began = Date.now();
        await store.restart('SIGTERM');
        expect(await store.log()).toContain('NOPERM');
        await vi.waitFor(
          async () => expect((await call(`${server.url}/v1/channels`)).body).toMatchObject({ channels: [] }),
          patient,
        );
        await publishIn(server, 'storm');

        const [keep = '', verify = ''] = commandsIn('Recover data that is missing after a restart');
        const shell = await shellFor(store);
        await server.stop();
        await shell.run(keep);
        const files = join(store.directory, 'appendonlydir');
        const base = (await readdir(files)).find((name) => name.endsWith('.base.rdb')) ?? '';
        expect((await stat(join(files, base))).mtimeMs).toBeLessThan(began);
        await store.end('SIGTERM');
        await cp(files, join(store.directory, 'copy'), { recursive: true });
        await writeRightLine(store);
        const refused = (await store.log()).split('NOPERM').length;
        await store.start();
        expect((await store.log()).split('NOPERM')).toHaveLength(refused);
        shell.env.PRESSBOX_REDIS_URL = store.url;
        const verified = await shell.run(verify);
        for (const channelId of ['harbour-fire', 'storm'])
          expect(verified).toMatch(new RegExp(`^ok +${channelId} +3 entries and 3 texts hold$`, 'm'));
        await server.start();
        for (const channelId of ['harbour-fire', 'storm']) expect(await headlines(server, channelId)).toEqual(['One', 'Two']);
      });
    });
  });
}

async function publishIn(server: ServerProcess, id: string): Promise<void> {
  const token = await server.token();
  await createChannel(server, token, { id });
  for (const headline of ['One', 'Two']) await publish(server, token, id, { headline });
}

async function headlines(server: ServerProcess, id: string) {
  return (await allPosts(server, id)).map(({ headline }) => headline).toReversed();
}

async function writeRightLine({ directory }: DeployedRedis): Promise<void> {
  const file = join(directory, configFile);
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^user default reset$/m, right));
}

/** A shell whose `redis-cli` leads to the store, and whose `npx` runs the command of this checkout. */
async function shellFor({ directory, port }: DeployedRedis) {
  const bin = join(directory, 'bin');
  await mkdir(bin);
  const programs = {
    'redis-cli': `PATH='${process.env.PATH}' exec redis-cli -e -p ${port} "$@"`,
    npx: `shift\nexec '${process.execPath}' '${join(root, 'bin/pressbox.mjs')}' "$@"`,
  };
  for (const [name, script] of Object.entries(programs))
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const shell = openShell(directory, { PATH: `${bin}:${process.env.PATH}`, HOME: directory, REDISCLI_AUTH: 'secret' });
  onTestFinished(() => shell[Symbol.asyncDispose]());
  return shell;
}
