import type { Position } from '../../protocol/cursor.ts';
import type { Announcer, Log } from '../announcer.ts';
import type { Announcement } from '../engine.ts';
import { AnnouncementTracker, type TrackerMark } from './announcement-tracker.ts';
import type { Connection } from './connection/connection.ts';
import { announcements, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';

const { erasuresKept, erasureAskAgainMs: askAgainMs } = redisLimits;

/** Messages over Redis pub/sub, as JSON. `from` is a node id. */
type Message =
  | { type: 'heard'; from: string; heard: Announcement }
  /** With `ask`, the receiver answers `acknowledged` with the same `ask`. */
  | { type: 'erased'; from: string; channelId: string; postId: string | null; ask?: string }
  | { type: 'acknowledged'; from: string; ask: string }
  /** A token was revoked. */
  | { type: 'revoked'; from: string }
  /** A session was signed out. */
  | { type: 'session-ended'; from: string }
  /** Channels that the sender served and that the store lost: lines of `ServedChannels.text`. */
  | { type: 'served'; from: string; text: string }
  | { type: 'probe'; from: string; number: number };

/** A channel with listeners. */
interface Followed {
  tracker: AnnouncementTracker;
  subscribed: Promise<unknown> | undefined;
}

/**
 * Announcements between nodes. This node's own announcements reach its listeners directly. Those of other nodes arrive over a
 * connection that only subscribes. Redis may drop messages silently, so after every reconnect the listeners receive
 * `maybe-missed`.
 */
export class RedisBus {
  readonly #subscriber: Connection;
  readonly #commands: Connection;
  readonly #announcer: Announcer;
  readonly #nodeId: string;
  readonly #followed = new Map<string, Followed>();
  readonly #pendingAcks = new Map<string, (nodeId: string) => void>();
  readonly #probes = new Map<number, () => void>();
  /** Erasures that this node announced. `requestErasureAcks` need not announce them again. */
  readonly #announcedErasures = new Set<string>();
  #lastRequest = 0;
  /** Called when another node revoked a token. */
  onRevoked: () => void = () => {};
  /** Called when another node ended a session. */
  onSessionEnded: () => void = () => {};
  /** Called with channels that another node served and that the store lost. */
  onServed: (text: string) => void = () => {};
  /** Whether all channels are subscribed, and missed erasures were replayed. */
  isListening = false;
  /** The last erasure that this node knows of: an id in the registry's stream. */
  #erasuresTo = '$';

  constructor({
    subscriber,
    commands,
    announcer,
    nodeId,
    log,
  }: { subscriber: Connection; commands: Connection; announcer: Announcer; nodeId: string; log: Log }) {
    this.#subscriber = subscriber;
    this.#commands = commands;
    this.#announcer = announcer;
    this.#nodeId = nodeId;
    subscriber.redis.on('message', (name: string, text: string) => {
      try {
        this.#onMessage(name, JSON.parse(text) as Message);
      } catch {
        // The message is from another version or from an unrelated client.
        log.warn({ name }, 'an unknown pub/sub message was ignored');
      }
    });
  }

  /** Channels with listeners. */
  get channelIds(): string[] {
    return [...this.#followed.keys()];
  }

  /** Call once at the start and whenever the subscriber reconnected. When it resolves, every later message is received. */
  async listen(): Promise<void> {
    const names = [registry.control, registry.node(this.#nodeId), ...this.channelIds.map(announcements)];
    await this.#subscriber.ask((redis) => redis.subscribe(...names));
    await this.#replayMissedErasures();
    this.#announcer.announceMaybeMissed();
    this.isListening = true;
  }

  async subscribe(channelId: string, listener: (announcement: Announcement) => void): Promise<() => void> {
    const undo = await this.#announcer.subscribe(channelId, listener);
    const followed = this.#followed.get(channelId) ?? { tracker: new AnnouncementTracker(), subscribed: undefined };
    this.#followed.set(channelId, followed);
    const release = () => {
      undo();
      if (this.#announcer.hasListeners(channelId) || this.#followed.get(channelId) !== followed) return;
      this.#followed.delete(channelId);
      this.#subscriber.ask((redis) => redis.unsubscribe(announcements(channelId))).catch(() => undefined);
    };
    try {
      followed.subscribed ??= this.#subscriber.ask((redis) => redis.subscribe(announcements(channelId)));
      await followed.subscribed;
      return release;
    } catch (error) {
      followed.subscribed = undefined;
      release();
      throw error;
    }
  }

  // ---- Sending

  announce(channelId: string, announcement: Announcement): void {
    this.#applyAnnouncement(channelId, announcement);
    this.#publish(announcements(channelId), { type: 'heard', from: this.#nodeId, heard: announcement });
  }

  announceRevoked(): void {
    this.#publish(registry.control, { type: 'revoked', from: this.#nodeId });
  }

  announceSessionEnded(): void {
    this.#publish(registry.control, { type: 'session-ended', from: this.#nodeId });
  }

  announceServed(text: string): void {
    this.#publish(registry.control, { type: 'served', from: this.#nodeId, text });
  }

  /** Call before the erasing entry is announced. Messages on one connection arrive in order. */
  announceErased(channelId: string, postId: string | null): void {
    this.#announcer.announceErased(channelId, postId);
    this.#announcedErasures.add(`${channelId} ${postId}`);
    this.#commands
      .ask((redis) => redis.xadd(registry.erasures, 'MAXLEN', '~', erasuresKept, '*', 'channel', channelId, 'post', postId ?? ''))
      .catch(() => undefined);
    this.#publish(registry.control, { type: 'erased', from: this.#nodeId, channelId, postId });
  }

  /**
   * Announces an erasure repeatedly, and calls `acknowledged` for every node that dropped what it had read. Returns a function
   * that stops the announcements.
   */
  requestErasureAcks(channelId: string, postId: string | null, acknowledged: (nodeId: string) => void): () => void {
    const ask = `${this.#nodeId}.${++this.#lastRequest}`;
    this.#pendingAcks.set(ask, acknowledged);
    if (!this.#announcedErasures.delete(`${channelId} ${postId}`)) this.#announcer.announceErased(channelId, postId);
    const publish = () => this.#publish(registry.control, { type: 'erased', from: this.#nodeId, channelId, postId, ask });
    publish();
    const again = setInterval(publish, askAgainMs).unref();
    return () => {
      clearInterval(again);
      this.#pendingAcks.delete(ask);
    };
  }

  /** Resolves when a message has passed through Redis and back. */
  probe(): Promise<void> {
    const number = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#probes.clear();
      this.#probes.set(number, resolve);
      const text = JSON.stringify({ type: 'probe', from: this.#nodeId, number } satisfies Message);
      this.#commands.ask((redis) => redis.publish(registry.node(this.#nodeId), text)).catch(reject);
    });
  }

  /** Notes that the journal was read up to this position. */
  read(channelId: string, { offset }: Position, isHead?: boolean): void {
    this.#followed.get(channelId)?.tracker.read(offset, isHead);
  }

  /** What was announced or read here so far. */
  mark(channelId: string): TrackerMark {
    return this.#followed.get(channelId)?.tracker.mark ?? { highest: 0, observations: 0 };
  }

  /** See `AnnouncementTracker.fits`. */
  knows(channelId: string, head: Position, before: TrackerMark): boolean {
    return this.#followed.get(channelId)?.tracker.fits(head, before) ?? true;
  }

  hasNoAnnouncements(channelId: string): boolean {
    return this.#followed.get(channelId)?.tracker.hasNoAnnouncements ?? true;
  }

  /** See `AnnouncementTracker.isGone`. */
  isGone(channelId: string, before: TrackerMark): boolean {
    return this.#followed.get(channelId)?.tracker.isGone(before) ?? false;
  }

  /**
   * Tells listeners to read the channel again, because the head of the journal does not match the announcements. If the journal
   * lost entries that were read here, the listeners must no longer serve what they read before.
   */
  announceMissed(channelId: string, head: Position, before: TrackerMark): void {
    const isLost = this.#followed.get(channelId)?.tracker.found(head, before);
    if (isLost) this.#announcer.announceErased(channelId, null);
    this.#announcer.announce(channelId, { type: 'maybe-missed' });
  }

  /** Tells listeners to read the channel again, regardless of the announcements. */
  markUncertain(channelId: string): void {
    this.#announcer.announce(channelId, { type: 'maybe-missed' });
  }

  /** Call when the channel no longer exists. */
  gone(channelId: string): void {
    this.#followed.get(channelId)?.tracker.forget();
    this.#announcer.announce(channelId, { type: 'gone' });
  }

  // ---- Receiving

  #applyAnnouncement(channelId: string, announcement: Announcement): void {
    if (announcement.type === 'entry')
      this.#followed.get(channelId)?.tracker.note(announcement.change.offset, announcement.change.check);
    if (announcement.type === 'gone') this.#followed.get(channelId)?.tracker.forget();
    this.#announcer.announce(channelId, announcement);
  }

  #onMessage(name: string, message: Message): void {
    switch (message.type) {
      case 'probe':
        this.#probes.get(message.number)?.();
        this.#probes.delete(message.number);
        return;
      case 'revoked':
        if (message.from !== this.#nodeId) this.onRevoked();
        return;
      case 'session-ended':
        if (message.from !== this.#nodeId) this.onSessionEnded();
        return;
      case 'served':
        if (message.from !== this.#nodeId) this.onServed(message.text);
        return;
      case 'acknowledged':
        this.#pendingAcks.get(message.ask)?.(message.from);
        return;
      case 'erased':
        if (message.from === this.#nodeId) return;
        // Listeners drop what they have read, and discard running reads.
        this.#announcer.announceErased(message.channelId, message.postId);
        // Another node completes this erasure, so this node must announce a later erasure of the post again.
        this.#announcedErasures.delete(`${message.channelId} ${message.postId}`);
        if (message.ask === undefined) return;
        return this.#publish(registry.node(message.from), { type: 'acknowledged', from: this.#nodeId, ask: message.ask });
      case 'heard': {
        // This node's own announcements have already reached its listeners.
        if (message.from === this.#nodeId) return;
        const channelId = name.slice(name.indexOf('{') + 1, name.indexOf('}'));
        return this.#applyAnnouncement(channelId, message.heard);
      }
    }
  }

  async #replayMissedErasures(): Promise<void> {
    const [[last] = []] = (await this.#commands.ask((redis) => redis.xrevrange(registry.erasures, '+', '-', 'COUNT', 1))) ?? [];
    if (this.#erasuresTo !== '$') {
      const missed = await this.#commands.ask((redis) => redis.xrange(registry.erasures, `(${this.#erasuresTo}`, '+'));
      for (const [, [, channelId, , postId]] of missed) this.#announcer.announceErased(channelId as string, postId || null);
      // Older erasures may have been trimmed from the stream, so listeners drop everything.
      if (missed.length >= erasuresKept) for (const channelId of this.channelIds) this.#announcer.announceErased(channelId, null);
    }
    this.#erasuresTo = last ?? '0-0';
  }

  /** A message is lost if Redis is unreachable. Nodes notice what they missed when they compare heads. */
  #publish(name: string, message: Message): void {
    this.#commands.ask((redis) => redis.publish(name, JSON.stringify(message))).catch(() => undefined);
  }
}
