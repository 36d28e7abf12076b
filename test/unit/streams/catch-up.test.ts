import { expect, it, onTestFinished } from 'vitest';
import type { Announcement, Engine, StoredChange } from '../../../src/journal/engine.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { catchUp, type EncodedCatchUp } from '../../../src/streams/catch-up.ts';
import { ChannelStream } from '../../../src/streams/channel-stream.ts';
import type { StreamReader } from '../../../src/streams/stream-reader.ts';

/**
 * Two histories that differ from one offset on. The journal answers with one of them, and an announcement of the other overtakes
 * the answer. The window between the two is one tick wide, so the engine is scripted.
 */

const at = '2026-11-24T12:00:00.000Z';
const epoch = 'abcdefabcdef';
const position = (offset: number, history = '0') => ({ epoch, offset, check: `${history}${offset}`.padStart(16, '0') });

function change(offset: number, history: string): StoredChange {
  const post = { id: `post-${history}`, headline: history } as unknown as Extract<StoredChange, { post: unknown }>['post'];
  return { type: 'post.revised', offset, check: position(offset, history).check, at, post };
}

function entry(offset: number, history: string, before: string): Announcement {
  return { type: 'entry', epoch, before, change: change(offset, history) };
}

/** A channel stream at offset 10. The journal answers a read from offset 8 with offset 11 of history `a`. */
async function openStream(): Promise<ChannelStream> {
  const channel = { id: 'moon', access: 'public', revision: 1 } as Channel;
  const engine = {
    subscribe: async () => () => {},
    channel: async () => ({ status: 'found', channel: { ...channel, latestPostAt: null }, position: position(10) }),
    catchUp: async () => ({ status: 'replay', to: position(11, 'a'), changes: [change(11, 'a')], more: false }),
  } as unknown as Engine;
  const log = { info() {}, warn() {} };
  const stream = (await ChannelStream.open('moon', { engine, random: () => 0.5, log, delivered() {} })) as ChannelStream;
  onTestFinished(() => stream.close());
  return stream;
}

/** Catches up from offset 8. Just before the answer is sent, offset 11 of `history` is announced. */
async function join(stream: ChannelStream, history: string): Promise<{ answer: EncodedCatchUp; joined: boolean }> {
  const reader = { ready: false, lag() {}, end() {}, mayRead: () => true } as unknown as StreamReader;
  let answer: EncodedCatchUp | undefined;
  const said = await catchUp(
    stream,
    { after: position(8), limit: 100, posts: 20 },
    (encoded) => {
      answer = encoded;
    },
    {
      reader,
      wanted() {
        stream.onAnnouncement(entry(11, history, position(10).check));
        return true;
      },
    },
  );
  expect(said).toBe('answered');
  return { answer: answer as EncodedCatchUp, joined: stream.readers.has(reader) };
}

it('a catch-up lets a reader join if the stream reached the same entry as the answer', async () => {
  expect(await join(await openStream(), 'a')).toMatchObject({ answer: { more: false, position: { offset: 11 } }, joined: true });
});

it('a catch-up does not let a reader join a stream with another entry at the end of the answer: the reader has to ask again', async () => {
  expect(await join(await openStream(), 'b')).toMatchObject({ answer: { more: true, position: { offset: 11 } }, joined: false });
});

it('a catch-up answers a reader before it delivers what came after the answer was read', async () => {
  const stream = await openStream();
  const order: string[] = [];
  const format = { name: 'socket' as const, frame: (event: string) => Buffer.from(event) };
  const reader: StreamReader = {
    ...{ offset: 0, format, weight: 1, ready: true },
    mayRead: () => true,
    write: () => void order.push('event'),
    lag() {},
    end() {},
    terminate() {},
  };
  const wanted = () => {
    stream.onAnnouncement(entry(11, 'a', position(10).check));
    stream.onAnnouncement(entry(12, 'a', position(11, 'a').check));
    return true;
  };
  const query = { after: position(8), limit: 100, posts: 20 };
  await catchUp(stream, query, ({ position: { offset } }) => void order.push(`answer to ${offset}`), { reader, wanted });
  expect(order).toEqual(['answer to 11', 'event']);
});

it('a catch-up answers with what the journal has if the same entry was announced to the stream in between', async () => {
  const stream = await openStream();
  const { engine } = stream;
  const read = engine.catchUp;
  engine.catchUp = async (...asked) => {
    stream.onAnnouncement(entry(11, 'a', position(10).check));
    return await read(...asked);
  };
  let answer: EncodedCatchUp | undefined;
  await catchUp(stream, { after: position(8), limit: 100, posts: 20 }, (encoded) => {
    answer = encoded;
  });
  expect(answer).toMatchObject({ events: 1, position: { offset: 11 } });
});
