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
 * A kill proves nothing about the disk: the kernel still has what the process wrote. Here the server loses the power: the directory is
 * put back into what a disk that had only the synced bytes, or those and some of the others, would hold.
 */
const reason = noPowercut();

describe.skipIf(reason !== undefined)(`A server that loses its power${reason ? ` (not here: ${reason})` : ''}`, () => {
  it('has whatever it acknowledged, once, and whatever any reader saw, and leaves its readers with the whole of it', async () => {
    const random = randomFrom(seedOf('power'));
    await using machine = await startMachine();
    // The first time nothing survives that was not synced; then some of it, at random.
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

  it('has the post that a reader is just being shown, though its author has no answer yet', async () => {
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

  it('would be found out, did it answer before the disk has it', async () => {
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

/** A server on a disk of its own, whose power can be cut. */
interface Machine extends AsyncDisposable {
  server: ServerProcess;
  /** Kills the server, takes from its disk what was not synced (with a seed: some of it), and starts it again. */
  cutPower(seed?: number): Promise<void>;
}

async function startMachine(env: Record<string, string> = {}): Promise<Machine> {
  const disk = await mkdtemp(join(tmpdir(), 'pressbox-disk-'));
  // Watched anew after each cut, from what was left.
  let power: Power = watchPower(disk);
  // The data directory is not made beforehand: that it lasts is a part of it.
  const server = await startServerProcess({ dataDir: join(disk, 'data'), env: () => ({ ...power.env, ...env }) });
  return {
    server,
    async cutPower(seed) {
      await server.kill();
      const { create, found } = power.lose(seed === undefined ? {} : { seed });
      power[Symbol.dispose]();
      // Or the shim was not loaded, and nothing was taken away. Between two cuts there may have been no time to write.
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
