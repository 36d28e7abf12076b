import type { Problem } from '../../../../src/protocol/problems.ts';
import { backoffMs, connectBackoff } from '../../../lib/backoff.ts';
import { bodyWithField, type Http } from '../../../lib/http.ts';
import { sentWrite } from '../pictures/uploads/pictures-in-writes.ts';
import { type AttemptOutcome, outcomeOfAnswer, outcomeOfError } from './attempt-outcome.ts';
import type { Clock } from './clock.ts';
import type { lookUp } from './lookup.ts';
import { channelsToSend } from './order.ts';
import { sessionConfirmedMs } from './outbox-limits.ts';
import type { Delivery } from './outbox-model.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { Owner, StoredEntry } from './stored-entry.ts';
import { advance, settle, settleLookUp } from './transitions.ts';
import { createWorkLoop } from './work-loop.ts';

/**
 * Sends the entries of one author, in the one tab that may. Coverages are independent of each other: each has at most one request
 * under way.
 *
 * Every request names its author in `Pressbox-Owner-Key`, and the server compares that with the session cookie that arrives with
 * the request. So a write is never accepted under the session of another person, even if that person signs in in another tab
 * between the check here and the request. The check before is for the author: it tells a session that has ended before an entry
 * is frozen by an attempt.
 */
export interface Sender {
  /** Sends until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Something has changed: looks what there is to send. `again`: does not wait for the end of a pause. */
  wake(again?: boolean): void;
}

export interface SenderParts {
  owner: Owner;
  store: OutboxStore;
  http: Pick<Http, 'request'>;
  clock: Clock;
  /** In [0, 1). */
  random(): number;
  isOnline(): boolean;
  askAfterMs(): number;
  /** Rarely needed, so it may be loaded only then. Rejects if that fails. */
  lookUp: typeof lookUp;
  onDelivery(delivery: Delivery): void;
  /** Entries have changed in the store. */
  onChange(): void;
}

interface Lane {
  isBusy: boolean;
  /** Nothing can be sent until an entry changes. */
  isIdle: boolean;
  failures: number;
  /** The pause after a failure. */
  pausedAt: number;
  notBefore: number;
}

export function createSender(parts: SenderParts): Sender {
  const { owner, store, http, clock, random, isOnline, askAfterMs, lookUp, onDelivery, onChange } = parts;
  const ownerHeader = { 'pressbox-owner-key': owner.ownerKey };
  const lanes = new Map<string, Lane>();
  let confirmedAt: number | undefined;
  /** Counts the changes, so that one during a decision is not missed. */
  let changes = 0;
  const loop = createWorkLoop(clock, startLanes);

  return {
    run: loop.run,
    wake(again = false) {
      changes += 1;
      for (const lane of lanes.values()) lane.isIdle = false;
      if (again) {
        confirmedAt = undefined;
        for (const lane of lanes.values()) Object.assign(lane, { failures: 0, notBefore: 0 });
      }
      loop.wake();
    },
  };

  /** Starts what can be sent now. Returns when something can be sent later. */
  async function startLanes(signal: AbortSignal): Promise<number | undefined> {
    let stored: Awaited<ReturnType<OutboxStore['read']>>;
    try {
      stored = await store.read();
    } catch {
      onDelivery('storage-failed');
      return clock.now() + backoffMs(3, random(), connectBackoff);
    }
    const channels = channelsToSend(stored.entries);
    for (const [channelId, lane] of lanes) if (!lane.isBusy && !channels.includes(channelId)) lanes.delete(channelId);
    if (stored.outdated) {
      onDelivery('outdated');
      return undefined;
    }
    if (channels.length === 0) {
      onDelivery(isOnline() ? 'ready' : 'offline');
      return undefined;
    }
    if (!isOnline()) {
      onDelivery('offline');
      return undefined;
    }
    const now = clock.now();
    let nextAt: number | undefined;
    for (const channelId of channels) {
      const lane = laneOf(channelId);
      if (lane.isBusy || lane.isIdle) continue;
      // A clock that was set back ends the pause.
      if (lane.notBefore > now && now >= lane.pausedAt) nextAt = Math.min(nextAt ?? lane.notBefore, lane.notBefore);
      else void runLane(channelId, lane, signal);
    }
    return nextAt;
  }

  function laneOf(channelId: string): Lane {
    const lane = lanes.get(channelId) ?? { isBusy: false, isIdle: false, failures: 0, pausedAt: 0, notBefore: 0 };
    lanes.set(channelId, lane);
    return lane;
  }

  async function runLane(channelId: string, lane: Lane, signal: AbortSignal): Promise<void> {
    lane.isBusy = true;
    try {
      for (let going = true; going && !signal.aborted; ) going = await takeStep(channelId, lane, signal);
    } catch {
      // The outcome of an attempt that could not be recorded counts as unknown: the same bytes are sent again.
      pause(lane, 'storage-failed');
    } finally {
      lane.isBusy = false;
      loop.wake();
    }
  }

  /** Returns whether there may be another step now. */
  async function takeStep(channelId: string, lane: Lane, signal: AbortSignal): Promise<boolean> {
    if (!isOnline() || !(await confirmSession(lane, signal))) return false;
    const decidedAt = changes;
    const { step } = await store.change((entries, pictures) => advance(entries, channelId, timing(), pictures));
    if (step.do === 'nothing') {
      lane.isIdle = changes === decidedAt;
      return false;
    }
    onChange();
    if (step.do === 'ask') return true;
    if (step.do === 'look-up') return await find(step.entry, undefined, lane, signal);
    const outcome = await attempt(step.entry, signal);
    const { lookUp: refusal } = await store.change((entries, pictures) =>
      settle(entries, step.entry, outcome, clock.now(), pictures),
    );
    onChange();
    if (refusal !== undefined) return await find(step.entry, refusal, lane, signal);
    return goesOn(outcome, lane);
  }

  async function attempt({ request, write }: StoredEntry, signal: AbortSignal): Promise<AttemptOutcome> {
    try {
      const headers = { ...request.headers, ...ownerHeader };
      return outcomeOfAnswer(write, await http.request({ ...request, headers }, signal));
    } catch (error) {
      return outcomeOfError(error);
    }
  }

  /** `refusal`: the answer that made the look-up necessary. */
  async function find(entry: StoredEntry, refusal: Problem | undefined, lane: Lane, signal: AbortSignal): Promise<boolean> {
    let found: Awaited<ReturnType<typeof lookUp>>;
    try {
      found = await lookUp(sentWrite(entry.write, entry.uploads), owner, (path) =>
        http.request({ method: 'GET', path, headers: ownerHeader, noStore: true }, signal),
      );
    } catch (error) {
      return goesOn(outcomeOfError(error), lane);
    }
    await store.change((entries) => ({ change: settleLookUp(entries, entry.id, found, { timing: timing(), refusal }) }));
    onChange();
    return true;
  }

  /** Pauses unless the outcome is final. Returns whether the lane goes on. */
  function goesOn(outcome: AttemptOutcome, lane: Lane): boolean {
    switch (outcome.is) {
      case 'unauthorized':
        confirmedAt = undefined;
        pause(lane, outcome.why);
        return false;
      case 'later':
        // The next attempt begins with a check of the session, which does not freeze what waits behind.
        confirmedAt = undefined;
        pause(lane, 'unreachable', outcome.retryAfterMs);
        return false;
      default:
        lane.failures = 0;
        onDelivery('ready');
        return true;
    }
  }

  /** Whether the author is signed in. If not, or if the server does not say, the lane pauses. */
  async function confirmSession(lane: Lane, signal: AbortSignal): Promise<boolean> {
    const now = clock.now();
    if (confirmedAt !== undefined && now >= confirmedAt && now - confirmedAt < sessionConfirmedMs) return true;
    try {
      const request = { method: 'GET', path: '/v1/session', noStore: true } as const;
      const { session } = bodyWithField<{ session: { ownerKey?: string } | null }>(
        'session',
        await http.request(request, signal),
      );
      if (session?.ownerKey === owner.ownerKey) {
        confirmedAt = clock.now();
        return true;
      }
      pause(lane, session === null ? 'signed-out' : 'other-author');
    } catch (error) {
      const outcome = outcomeOfError(error);
      if (outcome.is === 'unauthorized') pause(lane, outcome.why);
      else pause(lane, 'unreachable', outcome.is === 'later' ? outcome.retryAfterMs : 0);
    }
    return false;
  }

  function pause(lane: Lane, delivery: Delivery, atLeastMs = 0): void {
    onDelivery(delivery);
    lane.pausedAt = clock.now();
    lane.notBefore = lane.pausedAt + backoffMs(lane.failures, random(), connectBackoff, atLeastMs);
    lane.failures += 1;
  }

  function timing() {
    return { now: clock.now(), askAfterMs: askAfterMs() };
  }
}
