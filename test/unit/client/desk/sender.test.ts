import { expect, it, onTestFinished, vi } from 'vitest';
import { lookUp } from '../../../../client/browser/desk/outbox/lookup.ts';
import type { Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { memoryStore, type OutboxStore } from '../../../../client/browser/desk/outbox/outbox-store.ts';
import { createSender, type Sender } from '../../../../client/browser/desk/outbox/sender.ts';
import { type HttpRequest, ProblemError } from '../../../../client/lib/http.ts';
import { type ProblemCode, problem } from '../../../../src/protocol/problems.ts';
import { Device, hour, owner, postId, publication, unknown } from './device-outbox.ts';

/** The sender over a server that answers as the test says. */

const withPicture: Write = {
  type: 'publish',
  channelId: 'eclipse',
  post: { id: postId(1), body: 'Noon.', media: [{ type: 'image', url: 'device:one', alt: 'The sun' }] },
};

/** `answer`: the body of the response to every request but that for the session. */
function start(device: Device, answer: (request: HttpRequest) => object, store: OutboxStore = memoryStore()): Sender {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const sender = createSender({
    owner,
    store,
    http: {
      request: async (request) => {
        const body = request.path === '/v1/session' ? { session: { ownerKey: owner.ownerKey } } : answer(request);
        return { status: 200, headers: new Headers(), body };
      },
    },
    clock: { now: () => device.now, alarm: () => () => {} },
    random: () => 0,
    isOnline: () => true,
    askAfterMs: () => 100 * hour,
    lookUp,
    onDelivery() {},
    onChange() {},
  });
  void sender.run(stop.signal);
  return sender;
}

async function stored(device: Device): Promise<OutboxStore> {
  const store = memoryStore();
  await store.change(() => ({ change: { put: device.entries, putPictures: device.pictures } }));
  return store;
}

it('sends what is added while it finds nothing to send', async () => {
  const device = new Device();
  device.picture('one', { at: 'waiting' });
  device.add(withPicture);
  const store = await stored(device);
  const { promise: added, resolve: goOn } = Promise.withResolvers<void>();
  const deciding = Promise.withResolvers<void>();
  const slow: OutboxStore = {
    ...store,
    async change(decide) {
      const decided = await store.change(decide);
      deciding.resolve();
      await added;
      return decided;
    },
  };
  const sent: string[] = [];
  const answer = ({ path, method }: HttpRequest) => {
    sent.push(`${method} ${path}`);
    return { post: { id: postId(2), revision: 1 }, cursor: 'c', offset: 1 };
  };
  const sender = start(device, answer, slow);
  await deciding.promise;
  const id = device.add(publication(2));
  await store.change(() => ({ change: { put: [device.entry(id)] } }));
  sender.wake();
  goOn();
  await vi.waitFor(() => expect(sent).toEqual(['POST /v1/channels/eclipse/posts']));
});

it.each([
  ['its own', 'one', 'on-disk'],
  ['another', 'two', 'conflict'],
])('finds a post with %s picture', async (_which, medium, at) => {
  const device = new Device();
  const mediumId = (id: string) => id.padEnd(22, 'x');
  device.picture('one', { at: 'uploaded', url: `media:${mediumId('one')}`, width: 4, height: 3 });
  const id = device.add(withPicture);
  device.attempt(unknown);
  device.now += 24 * hour;
  const store = await stored(device);
  const url = `https://live.example.org/media/eclipse/${mediumId(medium)}/800.jpg`;
  const found = { ...withPicture.post, revision: 1, status: 'published', publishedBy: owner.sub, history: [] };
  start(
    device,
    ({ path }) =>
      path.includes(postId(1)) ? { ...found, media: [{ type: 'image', url, alt: 'The sun' }] } : { posts: [], cursor: 'c' },
    store,
  );
  await vi.waitFor(async () => {
    const { entries } = await store.read();
    expect(entries.map((entry) => [entry.id, entry.state.at])).toEqual([[id, at]]);
  });
});

it.each<[ProblemCode, string]>([
  ['not-found', 'absent'],
  ['forbidden', 'refused'],
  ['token-invalid', 'nothing'],
  ['owner-mismatch', 'nothing'],
  ['rate-limited', 'nothing'],
  ['journal-unavailable', 'nothing'],
  ['channel-lost', 'nothing'],
])('learns from a look-up that is answered with %s: %s', async (code, learned) => {
  const found = lookUp(publication(1), owner, () => Promise.reject(new ProblemError(problem(code))));
  expect(
    await found.then(
      ({ is }) => is,
      () => 'nothing',
    ),
  ).toBe(learned);
});
