import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ChannelRead, Engine } from '../../../src/journal/engine.ts';
import { createNewsroom } from '../../../src/newsroom/newsroom.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { WriteCommand } from '../../../src/newsroom/write-command.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { Traces } from '../../support/runner/memory.ts';
import { openTestEngine } from '../../support/stores/store.ts';

/** The newsroom's channel cache forgets a channel when it is erased. */

let opened: Awaited<ReturnType<typeof openTestEngine>>;
const renderer = createRenderer({ publicUrl: 'https://live.example' });
beforeAll(async () => {
  opened = await openTestEngine({ renderer, now: Date.now, log: createLog('silent') });
});
afterAll(() => opened.close());

const grants = { reader: [], author: [], editor: ['*'], admin: true };
const who: Principal = { sub: 'ed', name: 'Edith Or', jti: 'j', expiresAt: Number.POSITIVE_INFINITY, grants };
let requests = 0;
function asking<C>(command: C): WriteCommand<C> {
  requests += 1;
  return { who, keyed: false, request: { id: `memory-${requests}`, digest: 'd'.repeat(64) }, parse: () => command };
}

/** A newsroom on the real journal. Records each channel that it reads, and delays the answer until `delivered` resolves. */
function deskWith(traces: Traces, delivered: (read: ChannelRead) => Promise<void> = async () => {}) {
  const { engine } = opened;
  const channel = async (id: string) => {
    const read = await engine.channel(id);
    if (read.status === 'found') traces.note(read.channel.history);
    await delivered(read);
    return read;
  };
  const noting: Engine = new Proxy(engine, {
    get(target, name) {
      if (name === 'channel') return channel;
      const verb = target[name as keyof Engine];
      return typeof verb === 'function' ? verb.bind(target) : verb;
    },
  });
  return createNewsroom({ engine: noting, renderer, now: Date.now, newId: () => uuidv7() });
}

describe('a deleted channel', () => {
  it('is no longer in the memory of the newsroom', async () => {
    const traces = new Traces();
    const desk = deskWith(traces);
    await desk.openChannel(asking({ id: 'held', headline: 'To the Moon', standfirst: 'A rocket.' }));
    await desk.publish(asking({ headline: 'Lift-off' }), 'held');
    expect(traces.noted).toBe(1);
    expect(await traces.held()).toBe(1);
    await opened.engine.deleteChannel('held', { id: 'deletion', digest: 'd'.repeat(64) }, 'root');
    expect(await traces.held()).toBe(0);
    await expect(desk.publish(asking({ headline: 'Again' }), 'held')).rejects.toMatchObject({
      problem: { code: 'channel-deleted' },
    });
  });

  it('is not cached by a read that started before and ended after its deletion', async () => {
    const traces = new Traces();
    let deliver = () => {};
    const desk = deskWith(
      traces,
      () =>
        new Promise((resolve) => {
          deliver = resolve;
        }),
    );
    await desk.openChannel(asking({ id: 'late', headline: 'To the Moon' }));
    const publishing = desk.publish(asking({ headline: 'Lift-off' }), 'late').catch(({ problem }) => problem.code);
    await vi.waitFor(() => expect(traces.noted).toBe(1));
    await opened.engine.deleteChannel('late', { id: 'deletion', digest: 'd'.repeat(64) }, 'root');
    deliver();
    // The next request reads the current state.
    await vi.waitFor(() => {
      deliver();
      return expect(Promise.race([publishing, undefined])).resolves.toBe('channel-deleted');
    });
    expect(await traces.held()).toBe(0);
  });
});
