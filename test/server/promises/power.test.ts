import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { cover, expectWhole, seedOf } from '../../support/authors/busy-day.ts';
import { createChannel, publish, wholeJournal } from '../../support/authors/writers.ts';
import { notInJournal, watch } from '../../support/readers/distrustful-reader.ts';
import { randomFrom } from '../../support/samples/random.ts';
import { type ServerProcess, startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';
import { noPowercut, type Power, watchPower } from '../../support/stores/powercut/powercut.ts';

/**
 * After a kill the kernel still has what the process wrote. Here the server loses power: the directory is restored to the synced bytes,
 * or to those and some of the others, as on a real disk.
 */

const reason = noPowercut();

describe.skipIf(reason !== undefined)(`a server that loses power${reason ? ` (not here: ${reason})` : ''}`, () => {
  it('keeps every acknowledged post once, and every post that a reader saw, and its readers end with all of them', async () => {
    const random = randomFrom(seedOf('power'));
    await using machine = await startMachine();
    // First nothing unsynced survives, then a random part.
    let time = 0;
    const total = 400;
    const coverage = await cover({
      server: machine.server,
      posts: total,
      authors: 8,
      readers: 2,
      strikes: 5,
      random,
      strike: () => machine.cutPower(time++ === 0 ? undefined : Math.floor(random() * 2 ** 31)),
    });
    expect(time).toBe(5);
    expectWhole(coverage, total);
  });

  it('keeps a post that a reader has received before its author is answered', async () => {
    await using machine = await startMachine(preloaded('../../support/preload/slow-disk.mjs'));
    const { server } = machine;
    const token = await server.token();
    const { id } = await createChannel(server, token);
    for (let time = 0; time < 2; time += 1) {
      let cut: Promise<void> | undefined;
      using reader = watch(server.url, id, {
        onSeen: () => {
          cut ??= machine.cutPower();
        },
      });
      await vi.waitFor(() => expect(reader.live).toBe(true));
      const burst = Array.from({ length: 20 }, (_, number) =>
        publish(server, token, id, { headline: `${time}.${number}` }, `key-${time}-${number}`),
      );
      await vi.waitFor(() => expect(cut).toBeDefined());
      const seen = [...reader.seen];
      await cut;
      expect(seen.length).toBeGreaterThan(0);
      expect(notInJournal([...seen, ...reader.seen], await wholeJournal(server, id, token))).toEqual([]);
      await Promise.all(burst);
      expect(reader.faults).toEqual([]);
    }
  });

  it('fails this test if it acknowledges before the sync', async () => {
    await using machine = await startMachine(preloaded('../../support/stores/powercut/unsynced.mjs'));
    const { server } = machine;
    const token = await server.token();
    const { id } = await createChannel(server, token);
    const { post } = await publish(server, token, id, { headline: 'Acknowledged' });
    await machine.cutPower();
    expect((await call(`${server.url}/v1/channels/${id}/posts/${post.id}`)).status).toBe(404);
  });
});

function preloaded(file: string): Record<string, string> {
  return { NODE_OPTIONS: `--import ${new URL(file, import.meta.url)}` };
}

/** A server on a disk whose power can be cut. */
interface Machine extends AsyncDisposable {
  server: ServerProcess;
  /** Kills the server, drops unsynced bytes (with a seed: some of them), and starts it again. */
  cutPower(seed?: number): Promise<void>;
}

async function startMachine(env: Record<string, string> = {}): Promise<Machine> {
  const disk = await mkdtemp(join(tmpdir(), 'pressbox-disk-'));
  // Each cut starts from what the last one left.
  let power: Power = watchPower(disk);
  // The server creates the data directory, which must survive too.
  const server = await startServerProcess({ dataDir: join(disk, 'data'), env: () => ({ ...power.env, ...env }) });
  return {
    server,
    async cutPower(seed) {
      await server.kill();
      const { create, found } = power.lose(seed === undefined ? {} : { seed });
      power[Symbol.dispose]();
      // Checks that the shim was loaded. Between two cuts there may have been no write.
      expect(create ?? found).toBeGreaterThan(0);
      power = watchPower(disk);
      await server.start();
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      power[Symbol.dispose]();
      await rm(disk, { recursive: true, force: true });
    },
  };
}
