import { describe, expect, it } from 'vitest';
import { type BuildStep, inTurns } from '../../../src/http/build-steps.ts';
import { AllClientsGone, type BuildClient, BuildRefused, createBuilds, WaitingClients } from '../../../src/http/builds.ts';
import { responseLimits } from '../../../src/http/http-limits.ts';

const { buildsMost, buildsOfAddress, waitingBuilds, buildTurnMs } = responseLimits;

interface TestClient extends BuildClient {
  disconnect(): void;
}

function clientAt(address: string): TestClient {
  let isGone = false;
  const told = new Set<() => void>();
  return {
    address,
    response: {},
    isGone: () => isGone,
    whenGone(onGone) {
      told.add(onGone);
      return () => told.delete(onGone);
    },
    disconnect() {
      isGone = true;
      for (const onGone of told) onGone();
    },
  };
}

/** A door whose event loop turns by hand, and whose builds end when the test says so. */
function door() {
  let at = 0;
  let soon: (() => void) | undefined;
  const counts = { running: 0, waiting: 0 };
  const charged: [address: string, bytes: number][] = [];
  const ended: string[] = [];
  const started: string[] = [];
  const builds = createBuilds({
    charge: ({ address }, bytes) => charged.push([address, bytes]),
    onChange: (now) => Object.assign(counts, now),
    onEnded: (how) => ended.push(how),
    now: () => at,
    soon(run) {
      soon = run;
    },
  });
  const ends: { address: string; end: () => void }[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  /** Turns the event loop until no build waits for a turn. */
  const turns = async () => {
    for (await settle(); soon !== undefined; await settle()) {
      const run = soon;
      soon = undefined;
      run();
    }
  };
  return {
    ...{ builds, counts, charged, ended, started, turns },
    pass(ms: number) {
      at += ms;
    },
    /** A build that goes on until `finish`. */
    request(address: string, client = clientAt(address), waiting?: WaitingClients) {
      const answer = builds.run(
        client,
        async () => {
          started.push(address);
          await new Promise<void>((end) => ends.push({ address, end }));
          return `for ${address}`;
        },
        waiting,
      );
      answer.catch(() => undefined);
      return { client, answer };
    },
    /** Ends the oldest build of an address. */
    async finish(address: string) {
      const at = ends.findIndex((one) => one.address === address);
      const [first] = ends.splice(at, at < 0 ? 0 : 1);
      first?.end();
      await turns();
    },
  };
}

const refused = expect.objectContaining({ problem: expect.objectContaining({ code: 'rate-limited', retryAfter: 1 }) });

describe('the slots for builds', () => {
  it('can all be used by one address while no other waits', async () => {
    const { request, turns, started, counts } = door();
    for (let nth = 0; nth < buildsMost + 3; nth += 1) request('10.0.0.1');
    await turns();
    expect(started).toHaveLength(buildsMost);
    expect(counts).toEqual({ running: buildsMost, waiting: 3 });
  });

  it('go in turn to the addresses that wait, no more than two to each', async () => {
    const { request, turns, finish, started } = door();
    for (let nth = 0; nth < buildsMost + 8; nth += 1) request('10.0.0.1');
    for (const address of ['10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.2']) request(address);
    await turns();
    started.length = 0;
    for (let nth = 0; nth < buildsMost; nth += 1) await finish('10.0.0.1');
    // The first address waits while it has more than its slots; then all of them are there.
    expect(started.slice(0, 4)).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.2', '10.0.0.1']);
    expect(started.filter((address) => address === '10.0.0.2')).toHaveLength(buildsOfAddress);
  });

  it('count all addresses of an IPv6 /48 as one', async () => {
    const { request, turns, finish, started } = door();
    for (let nth = 0; nth < buildsMost; nth += 1) request('10.0.0.1');
    await turns();
    for (let net = 1; net <= 6; net += 1) request(`2001:db8:1:${net}::1`);
    request('10.0.0.2');
    started.length = 0;
    for (let nth = 0; nth < buildsMost; nth += 1) await finish('10.0.0.1');
    expect(started.slice(0, 2)).toEqual(['2001:db8:1:1::1', '10.0.0.2']);
  });

  it('are free again after a build that failed', async () => {
    const { builds, turns, counts, ended } = door();
    const failing = builds.run(clientAt('10.0.0.1'), async () => {
      throw new Error('no journal');
    });
    failing.catch(() => undefined);
    await turns();
    await expect(failing).rejects.toThrow('no journal');
    expect([counts.running, ended]).toEqual([0, ['failed']]);
  });
});

describe('the queue for builds', () => {
  it('refuses what an address has too much of with a time to retry, and has room for a new address', async () => {
    const { request, turns, counts, ended, finish } = door();
    const asked = Array.from({ length: buildsMost + waitingBuilds }, () => request('10.0.0.1'));
    await turns();
    expect(counts.waiting).toBe(waitingBuilds / 2);
    expect(ended).toEqual(Array.from({ length: waitingBuilds / 2 }, () => 'refused'));
    await expect(asked[buildsMost]?.answer).rejects.toEqual(refused);
    const { answer } = request('192.0.2.1');
    await finish('10.0.0.1');
    await finish('192.0.2.1');
    expect(await answer).toBe('for 192.0.2.1');
  });

  it('is bounded however many addresses wait', async () => {
    const { request, turns, counts } = door();
    const asked = Array.from({ length: buildsMost + waitingBuilds + 1 }, (_, nth) => request(`10.0.1.${nth}`));
    await turns();
    expect(counts).toEqual({ running: buildsMost, waiting: waitingBuilds });
    await expect(asked.at(-1)?.answer).rejects.toBeInstanceOf(BuildRefused);
  });

  it('loses a request at once when its client is gone, and charges nothing for it', async () => {
    const { request, turns, counts, charged, ended } = door();
    for (let nth = 0; nth < buildsMost; nth += 1) request('10.0.0.1');
    await turns();
    const { client, answer } = request('10.0.0.2');
    client.disconnect();
    await expect(answer).rejects.toBeInstanceOf(AllClientsGone);
    expect([counts.waiting, charged, ended]).toEqual([0, [], ['abandoned']]);
  });

  it('keeps a request for several clients until the last of them is gone', async () => {
    const { request, turns, counts } = door();
    for (let nth = 0; nth < buildsMost; nth += 1) request('10.0.0.1');
    await turns();
    const [one, other] = [clientAt('10.0.0.2'), clientAt('10.0.0.3')];
    const waiting = new WaitingClients();
    for (const client of [one, other]) waiting.add(client);
    request('10.0.0.2', one, waiting);
    one.disconnect();
    expect(counts.waiting).toBe(1);
    other.disconnect();
    expect(counts.waiting).toBe(0);
  });
});

describe('a build', () => {
  const hundred = Array.from({ length: 100 }, () => 'x'.repeat(1_000));

  it('goes on in turns, and lets the build of another address run between them', async () => {
    const { builds, pass, turns } = door();
    const order: string[] = [];
    const long = (address: string) => async (step: BuildStep) => {
      await inTurns(
        hundred,
        (part) => {
          pass(buildTurnMs / 2);
          if (order.at(-1) !== address) order.push(address);
          return part;
        },
        step,
      );
    };
    const all = ['10.0.0.1', '10.0.0.1', '10.0.0.2'].map((address, nth) =>
      builds.run(clientAt(address), long(`${address} ${nth}`)),
    );
    await turns();
    await Promise.all(all);
    const firstHalf = order.slice(0, 90);
    expect(new Set(firstHalf)).toEqual(new Set(['10.0.0.1 0', '10.0.0.2 2']));
    expect(order.length).toBeGreaterThan(90);
  });

  it('is charged once to the request that caused it, by what was made', async () => {
    const { builds, turns, charged } = door();
    const [one, other] = [clientAt('10.0.0.1'), clientAt('10.0.0.2')];
    const waiting = new WaitingClients();
    for (const client of [one, other]) waiting.add(client);
    const built = builds.run(one, async (step) => (await inTurns(hundred, (part) => part, step)).join(), waiting);
    one.disconnect();
    await turns();
    expect((await built).length).toBeGreaterThan(100_000);
    expect(charged).toEqual([['10.0.0.1', 100_000]]);
  });

  it('stops at its next step when its client is gone, and is charged for what was made by then', async () => {
    const { builds, turns, charged, counts, ended } = door();
    const client = clientAt('10.0.0.1');
    let made = 0;
    const built = builds.run(client, (step) =>
      inTurns(
        hundred,
        (part) => {
          made += 1;
          if (made === 10) client.disconnect();
          return part;
        },
        step,
      ),
    );
    built.catch(() => undefined);
    await turns();
    await expect(built).rejects.toBeInstanceOf(AllClientsGone);
    expect([made, charged, counts, ended]).toEqual([10, [['10.0.0.1', 10_000]], { running: 0, waiting: 0 }, ['abandoned']]);
  });
});
