import { beforeEach, describe, expect, it } from 'vitest';
import { OneServer } from '../../../src/journal/redis/connection/one-server.ts';
import type { ServerFacts } from '../../../src/journal/redis/connection/server-settings.ts';

const server = (runId: string, replicationId: string, continuedId = '0'): ServerFacts => ({
  runId,
  replicationId,
  continuedId,
  isReplica: false,
  replicasOnline: 1,
  hasReplicas: true,
});

describe('the connections of a node', () => {
  const [old, promoted] = [server('a', 'first'), server('b', 'second', 'first')];
  let one: OneServer;
  let dropped: string[];
  const member = (name: string) => ({ drop: () => void dropped.push(name) });
  const [writes, reads, lists] = ['writes', 'reads', 'lists'].map(member) as [
    ReturnType<typeof member>,
    ReturnType<typeof member>,
    ReturnType<typeof member>,
  ];
  beforeEach(() => {
    one = new OneServer();
    dropped = [];
  });

  it('are dropped when another one is on a server that was promoted', () => {
    for (const each of [writes, reads, lists]) expect(one.join(each, old)).toBe(true);
    one.leave(writes);
    expect(one.join(writes, promoted)).toBe(true);
    expect(dropped).toEqual(['reads', 'lists']);
  });

  it('do not go back to the server whose history another one continues', () => {
    one.join(writes, promoted);
    expect(one.join(reads, old)).toBe(false);
    expect(dropped).toEqual([]);
    expect(one.join(reads, promoted)).toBe(true);
  });

  it('follow a server that was started again', () => {
    one.join(writes, old);
    expect(one.join(reads, server('c', 'third'))).toBe(true);
    expect(dropped).toEqual(['writes']);
  });
});
