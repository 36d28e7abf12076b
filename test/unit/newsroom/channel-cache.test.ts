import { expect, it } from 'vitest';
import { createChannelCache } from '../../../src/newsroom/channel-cache.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import type { CurrentChannel } from '../../../src/newsroom/write-access.ts';

const { knownChannels, knownChannelMs } = newsroomLimits;

function opened() {
  const clock = { ms: 1_000_000 };
  let erased: (channelId: string, postId: string | null) => void = () => undefined;
  const onErased = (listener: typeof erased) => {
    erased = listener;
    return () => undefined;
  };
  const cache = createChannelCache({ onErased }, () => clock.ms);
  const known = { channel: { id: 'moon' } } as unknown as CurrentChannel;
  return {
    cache,
    clock,
    known,
    erase: (id: string) => erased(id, null),
    read: (id: string) => cache.read(id, async () => known),
  };
}

it('a channel is known for knownChannelMs after it was read, also if the system clock goes back', async () => {
  const { cache, clock, known, read } = opened();
  await read('moon');
  for (const [ms, expected] of [
    [knownChannelMs - 1, known],
    [knownChannelMs, undefined],
    [1 - knownChannelMs, known],
    [-knownChannelMs, undefined],
  ] as const) {
    clock.ms = 1_000_000 + ms;
    expect([ms, cache.cached('moon')]).toEqual([ms, expected]);
  }
});

it('a channel is forgotten when something in it was erased, and no other is', async () => {
  const { cache, known, read, erase } = opened();
  await read('moon');
  await read('mars');
  erase('moon');
  expect([cache.cached('moon'), cache.cached('mars')]).toEqual([undefined, known]);
});

it('as many as knownChannels channels are known at once', async () => {
  const { cache, known, read } = opened();
  for (let nth = 1; nth <= knownChannels; nth += 1) await read(`channel-${nth}`);
  expect([cache.cached('channel-1'), cache.cached(`channel-${knownChannels}`)]).toEqual([known, known]);
  await read('one-more');
  expect([cache.cached('channel-1'), cache.cached('one-more')]).toEqual([undefined, known]);
});
