import { expect, it, type TestContext, vi } from 'vitest';
import type { Announcement, Engine } from '../../../src/journal/engine.ts';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { within } from '../../support/runner/settled-within.ts';
import { startLine } from '../../support/servers/bad-line.ts';
import {
  appended,
  appending,
  createChannel,
  newRequest,
  publication,
  publish,
  samplePost,
} from '../../support/stores/engines.ts';
import { type Finishing, nextComparison, openNodeFor, startRedisFor } from '../../support/stores/redis.ts';

const patient = { interval: 50 };
/** The promised time in which a node notices that it missed something. */
const promisedMs = 5_000;

for (const kind of ['redis', 'valkey'] as const) {
  describeWith.concurrent(needs[kind], `a node with a bad connection to ${kind}`, (binary) => {
    it('replaces a listening connection that is open but silent, and announces that something may have been missed', async (test) => {
      const { server, line, near, far } = await openNodesFor(test, binary);
      const { id } = await createChannel(near);
      const heard: Announcement[] = [];
      await far.subscribe(id, (one) => heard.push(one));
      // The moment does not matter: until then listeners are told `maybe-missed` repeatedly.
      const hears = () =>
        vi.waitFor(
          async () => {
            await publish(near, id);
            expect(heard.some(({ type }) => type === 'entry')).toBe(true);
          },
          { ...patient, interval: 200 },
        );
      await hears();
      await nextComparison(server, far);
      await vi.waitFor(() => expect(line.deafen('subscribe')).toBe(1), patient);
      heard.length = 0;
      const missed = await publish(near, id);
      await within(promisedMs, () => expect(heard).toContainEqual({ type: 'maybe-missed' }), [process.pid, server.pid]);
      await hears();
      expect(heard.some((one) => one.type === 'entry' && one.change.offset === missed.seq)).toBe(false);
    });

    it('measures how long Redis takes to answer on each connection', async (test) => {
      const server = await startRedisFor(test, binary);
      const answered = new Map<string, number[]>();
      const onAnswered = (connection: string, seconds: number) =>
        void answered.set(connection, [...(answered.get(connection) ?? []), seconds]);
      const node = await openNodeFor(test, server, { onAnswered });
      const { id } = await createChannel(node);
      await node.channels({ limit: 10, desk: [] });
      await publish(node, id);
      await vi.waitFor(() => expect([...answered.keys()].sort()).toEqual(['listens', 'lists', 'reads', 'writes']), patient);
      for (const seconds of [...answered.values()].flat()) expect(seconds).toBeGreaterThan(0);
    });

    it('reports a write as unknown if its answer was lost, and finds it when it is repeated', async (test) => {
      const { line, near, far } = await openNodesFor(test, binary);
      const { id } = await createChannel(near);
      for (let time = 0; time < 3; time++) {
        const [before] = await near.heads([id]);
        const request = newRequest();
        const post = samplePost(id);
        line.delayMs = 60_000;
        const write = far.append(id, appending([publication(post)], { request })).catch((error: unknown) => error);
        await vi.waitFor(async () => expect((await near.heads([id]))[0]?.offset).toBe((before?.offset ?? 0) + 1), patient);
        line.delayMs = 0;
        line.cut();
        const message = 'Redis: the connection was lost before the answer arrived';
        expect(await write).toMatchObject({ name: 'JournalUnavailable', outcome: 'unknown', message });
        const again = await vi.waitFor(() => far.append(id, appending([publication(post)], { request })), patient);
        expect(again).toMatchObject({
          status: 'duplicate',
          outcome: { same: true, postId: post.id, position: { offset: (before?.offset ?? 0) + 1 } },
        });
      }
    });

    it('reports a write that was never sent as unchanged', async (test) => {
      const { line, near, far } = await openNodesFor(test, binary);
      const { id } = await createChannel(near);
      line.stalled = true;
      line.cut();
      await vi.waitFor(async () => {
        const refused = await far.append(id, appending([publication(samplePost(id))])).catch((error: unknown) => error);
        expect(refused).toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
      }, patient);
      line.stalled = false;
      await vi.waitFor(() => appended(far, id, [publication(samplePost(id))]), patient);
      expect((await near.heads([id]))[0]?.offset).toBe(2);
    });

    it('reports the deletion of a channel and the pending erasure, even if the connection is lost after the deletion', async (test) => {
      const { line, near, far } = await openNodesFor(test, binary);
      const { id } = await createChannel(near);
      line.cutAfter = 'deleted';
      const { complete, pending } = deletedOf(await far.deleteChannel(id, newRequest(), 'root'));
      expect({ complete, where: pending.map(({ where }) => where) }).toEqual({ complete: false, where: ['Redis'] });
      const isComplete = async () => expect((await near.erase(id, id)).complete).toBe(true);
      await vi.waitFor(isComplete, patient);
    });

    it('logs once that Redis is unreachable and once that it is back, however many attempts fail', async (test) => {
      const { line, near, said } = await openNodesFor(test, binary);
      await createChannel(near);
      line.stalled = true;
      await vi.waitFor(() => expect(said.some((message) => message.includes('unreachable'))).toBe(true), patient);
      line.stalled = false;
      line.cut();
      await vi.waitFor(() => expect(said.some((message) => message.includes('reachable again'))).toBe(true), patient);
      expect(said).toHaveLength(2);
    });
  });
}

// Not concurrent, because it blocks the process.
describeWith(needs.redis, 'a node whose process was blocked', (binary) => {
  const open = async (test: TestContext) => {
    const server = await startRedisFor(test, binary);
    const node = await openNodeFor(test, server);
    const { id } = await createChannel(node);
    const connections = async () =>
      new Set(String(await server.admin.call('CLIENT', 'LIST')).match(/^id=\d+(?=.* name=pressbox-)/gm));
    return { node, id, connections };
  };
  const block = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, redisLimits.redisSilenceMs + 1_000);

  it('reads the answer that arrived while it was blocked, and keeps its connections', async (test) => {
    const { node, id, connections } = await open(test);
    const before = await connections();
    const written = publish(node, id);
    // Commands are sent at the end of a turn of the event loop.
    for (let turns = 0; turns < 2; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    block();
    expect((await written).seq).toBe(2);
    expect(await connections()).toEqual(before);
    expect(before.size).toBe(4);
  });

  it('waits for the answer to a command that it could send only afterwards', async (test) => {
    const { node, id, connections } = await open(test);
    const before = await connections();
    setImmediate(block);
    expect((await publish(node, id)).seq).toBe(2);
    expect(await connections()).toEqual(before);
  });
});

function deletedOf(answer: Awaited<ReturnType<Engine['deleteChannel']>>) {
  if (answer.status !== 'deleted') throw new Error(answer.status);
  return answer.erasure;
}

/** One node with a direct connection, and one behind a line that can fail. `said` is the log of the second node. */
async function openNodesFor(test: Finishing, binary: string) {
  const server = await startRedisFor(test, binary);
  const line = await startLine(`http://127.0.0.1:${server.port}`);
  test.onTestFinished(() => line[Symbol.asyncDispose]());
  const said: string[] = [];
  const note = (_fields: object, message: string) => void said.push(message);
  const behindLine = { ...server, url: server.url.replace(String(server.port), new URL(line.url).port) };
  const near = await openNodeFor(test, server);
  const far = await openNodeFor(test, behindLine, { log: { info: note, warn: note, error: note } });
  return { server, line, near, far, said };
}
