import { describe, expect, it } from 'vitest';
import {
  decideMaster,
  type MasterDecision,
  type MasterQuestion,
  majorityOf,
  readReport,
  type SentinelReport,
} from '../../../src/journal/redis/connection/master-decision.ts';

const [first, second, third] = ['10.0.0.1:6379', '10.0.0.2:6379', '10.0.0.3:6379'] as const;

/** A report of the Sentinel with this number, which knows the two others. */
const from = (sentinel: number, address: string, epoch: number, isDown = false): SentinelReport => ({
  others: [1, 2, 3].filter((other) => other !== sentinel).join(),
  address,
  epoch,
  isDown,
});
const onFirst = { address: first, epoch: 1 };

/** What a node on the first server decides, whose master the Sentinels named at epoch 1. */
function decide(reports: SentinelReport[], given: Partial<MasterQuestion> = {}): MasterDecision {
  return decideMaster({ inUse: onFirst, reports, configured: 3, ...given });
}
const saysMaster = (address: string) => ({ asked: { address, role: 'master' } });

describe('a node behind Sentinels', () => {
  it('moves when a majority names another server at a later epoch and that server says that it is the master', () => {
    const reports = [from(1, second, 2), from(2, second, 2), from(3, first, 1)];
    expect(decide(reports)).toEqual({ status: 'asks', address: second, epoch: 2, isUp: true });
    expect(decide(reports, saysMaster(second))).toEqual({ status: 'moves', address: second, epoch: 2, isUp: true });
  });

  it('moves although the leading Sentinel reported the new epoch with the old address before', () => {
    const early = [from(1, first, 2, true), from(2, first, 1, true), from(3, first, 1, true)];
    const during = [from(1, first, 2, true), from(2, second, 2), from(3, second, 2)];
    const stays = decide(early);
    expect(stays).toMatchObject({ status: 'stays', address: first, epoch: 1 });
    const inUse = stays as { address: string; epoch: number };
    expect(decide(during, { inUse, ...saysMaster(second) })).toMatchObject({ status: 'moves', address: second });
  });

  it('moves at the epoch that it has, if every Sentinel gave the old address that epoch first', () => {
    const early = [1, 2, 3].map((sentinel) => from(sentinel, first, 2));
    expect(decide(early)).toMatchObject({ status: 'stays', epoch: 2 });
    const reports = [1, 2, 3].map((sentinel) => from(sentinel, second, 2));
    expect(decide(reports, { inUse: { address: first, epoch: 2 }, ...saysMaster(second) })).toMatchObject({ status: 'moves' });
  });

  it('stays while only a minority has heard of the failover', () => {
    const reports = [from(1, second, 2), from(2, first, 1), from(3, first, 1)];
    expect(decide(reports, saysMaster(second))).toEqual({ status: 'stays', address: first, epoch: 1, isUp: true });
  });

  it('stays when one Sentinel lies, and its epoch does not make the node ignore the next failover', () => {
    const lying = [from(1, third, 900), from(2, first, 1), from(3, first, 1)];
    expect(decide(lying, saysMaster(third))).toMatchObject({ status: 'stays', address: first, epoch: 1 });
    const agreeing = [from(1, first, 900), from(2, first, 1), from(3, first, 1)];
    expect(decide(agreeing)).toMatchObject({ status: 'stays', epoch: 1 });
  });

  it('does not go back to the old master with Sentinels that lag behind the failover', () => {
    const inUse = { address: second, epoch: 2 };
    const lagging = [from(1, first, 1), from(2, first, 1), from(3, second, 2)];
    expect(decide(lagging, { inUse, ...saysMaster(first) })).toEqual({ status: 'unconfirmed', why: 'outdated' });
  });

  it('goes back to the first server with a second failover', () => {
    const inUse = { address: second, epoch: 2 };
    const reports = [from(1, first, 3), from(2, first, 3), from(3, second, 2)];
    expect(decide(reports, { inUse, ...saysMaster(first) })).toEqual({ status: 'moves', address: first, epoch: 3, isUp: true });
  });

  it.each([
    ['replica', 'slave', 'not-master'],
    ['silent server', undefined, 'unreachable'],
  ])('stays when a majority names a %s', (_, role, why) => {
    const reports = [from(1, second, 2), from(2, second, 2)];
    expect(decide(reports, { asked: { address: second, role } })).toEqual({ status: 'unconfirmed', why });
  });

  it('asks again when a majority names a third server than the one that was asked', () => {
    const reports = [from(1, third, 3), from(2, third, 3), from(3, second, 2)];
    expect(decide(reports, saysMaster(second))).toEqual({ status: 'asks', address: third, epoch: 3, isUp: true });
  });

  it('stays when too few Sentinels answer, whatever they name', () => {
    for (const reports of [[], [from(1, first, 1)], [from(1, second, 2)]])
      expect(decide(reports, saysMaster(second))).toEqual({ status: 'unconfirmed', why: 'silent' });
  });

  it('stays when the Sentinels name three servers', () => {
    const reports = [from(1, first, 1), from(2, second, 2), from(3, third, 3)];
    expect(decide(reports, saysMaster(third))).toEqual({ status: 'unconfirmed', why: 'divided' });
  });

  it('counts a Sentinel with two names in the URL once', () => {
    const reports = [from(1, second, 2), from(1, second, 2), from(2, first, 1)];
    expect(decide(reports, saysMaster(second))).toEqual({ status: 'unconfirmed', why: 'divided' });
    const other = [...reports, from(3, second, 2)];
    expect(decide(other, { configured: 4, ...saysMaster(second) })).toEqual({ status: 'unconfirmed', why: 'divided' });
  });

  it('that starts during a failover takes the server of the majority', () => {
    const reports = [from(1, first, 1), from(2, second, 2), from(3, second, 2)];
    expect(decide(reports, { inUse: undefined, ...saysMaster(second) })).toMatchObject({ status: 'moves', address: second });
    const unconfirmed = { address: first, epoch: -1 };
    expect(decide(reports, { inUse: unconfirmed, ...saysMaster(second) })).toMatchObject({ status: 'moves', address: second });
  });

  it('follows Sentinels that were set up anew and name the same server', () => {
    const inUse = { address: second, epoch: 7 };
    expect(decide([from(1, second, 0), from(2, second, 0)], { inUse })).toMatchObject({ status: 'stays', epoch: 0 });
  });

  it('holds its master to be up only if a majority does', () => {
    const up = (reports: SentinelReport[]) => decide(reports);
    expect(up([from(1, first, 1), from(2, first, 1), from(3, first, 1, true)])).toMatchObject({ isUp: true });
    expect(up([from(1, first, 1), from(2, first, 1, true), from(3, first, 1, true)])).toMatchObject({ isUp: false });
    expect(up([from(1, first, 1), from(2, first, 1, true)])).toMatchObject({ status: 'stays', isUp: false });
    const start = [from(1, first, 1), from(2, first, 1, true), from(3, first, 1)];
    expect(decide(start, { inUse: undefined, ...saysMaster(first) })).toMatchObject({ status: 'moves', isUp: true });
  });

  it('takes the promoted server from the Sentinel that leads a failover, and the flags of the old one for the old one', () => {
    const replies = ['ip', '10.0.0.1', 'port', '6379', 'flags', 'master,s_down,o_down,failover_in_progress', 'config-epoch', '2'];
    const others = [
      ['name', 'c', 'runid', 'c'],
      ['name', 'b', 'runid', 'b'],
    ];
    expect(readReport(replies, ['10.0.0.1', '6379'], others)).toEqual({ others: 'b,c', address: first, epoch: 2, isDown: true });
    expect(readReport(replies, ['10.0.0.2', '6379'], others)).toMatchObject({ address: second, epoch: 2, isDown: false });
  });

  it('needs more than half of the configured Sentinels', () => {
    expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
  });
});
