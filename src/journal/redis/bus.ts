import type { Position } from '../../protocol/cursor.ts';
import type { Announcer, Log } from '../announcer.ts';
import type { Announcement } from '../engine.ts';
import { AnnouncementTracker, type TrackerMark } from './announcement-tracker.ts';
import type { Connection } from './connection/connection.ts';
import { announcements, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';

const { erasuresKept, erasureAskAgainMs: askAgainMs } = redisLimits;

/** What goes over Redis' pub/sub, as JSON. `from` is a node. */
type Message =
  | { type: 'heard'; from: string; heard: Announcement }
  /** With `ask` an acknowledgement is wanted. */
  | { type: 'erased'; from: string; channelId: string; postId: string | null; ask?: string }
  | { type: 'acknowledged'; from: string; ask: string }
  /** Some token was. */
  | { type: 'revoked'; from: string }
  /** Some session was signed out. */
  | { type: 'session-ended'; from: string }
  | { type: 'probe'; from: string; number: number };

/** A channel that is listened to. */
interface Followed {
  tracker: AnnouncementTracker;
  subscribed: Promise<unknown> | undefined;
}

/**
 * Announcements between nodes. Those of this node reach its own listeners at once; those of others come over a connection that only
 * listens. Redis drops messages without a word: after every reconnection listeners are told that they may have missed something.
 */
export class RedisBus {
  readonly #subscriber: Connection;
  readonly #commands: Connection;
  readonly #announcer: Announcer;
  readonly #nodeId: string;
  readonly #followed = new Map<string, Followed>();
  readonly #pendingAcks = new Map<string, (nodeId: string) => void>();
  readonly #probes = new Map<number, () => void>();
  /** Erasures that were told here by who made them, and are not to be told again by who asks for their end. */
  readonly #announcedErasures = new Set<string>();
  #lastRequest = 0;
  /** Another node has revoked a token. */
  onRevoked: () => void = () => {};
  /** Another node has ended a session. */
  onSessionEnded: () => void = () => {};
  /** Everything is subscribed to, and what was missed of erasures was told. */
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
        // From another version, or from somebody who has no business here: of no use, and no reason to end.
        log.warn({ name }, 'an unknown pub/sub message was ignored');
      }
    });
  }

  /** Channels that are listened to. */
  get channelIds(): string[] {
    return [...this.#followed.keys()];
  }

  /** To be called once, and whenever the listening connection was made anew. Afterwards nothing is missed any more. */
  async listen(): Promise<void> {
    const names = [registry.control, registry.node(this.#nodeId), ...this.channelIds.map(announcements)];
    await this.#subscriber.ask((redis) => redis.subscribe(...names));
    await this.#replayMissedErasures();
    this.#announcer.announceMaybeMissed();
    this.isListening = true;
  }

  async subscribe(channelId: string, listener: (heard: Announcement) => void): Promise<() => void> {
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

  // ---- Telling

  announce(channelId: string, heard: Announcement): void {
    this.#applyAnnouncement(channelId, heard);
    this.#publish(announcements(channelId), { type: 'heard', from: this.#nodeId, heard });
  }

  announceRevoked(): void {
    this.#publish(registry.control, { type: 'revoked', from: this.#nodeId });
  }

  announceSessionEnded(): void {
    this.#publish(registry.control, { type: 'session-ended', from: this.#nodeId });
  }

  /** To be called before the entry that erases is announced: what goes over one connection is heard in its order. */
  announceErased(channelId: string, postId: string | null): void {
    this.#announcer.announceErased(channelId, postId);
    this.#announcedErasures.add(`${channelId} ${postId}`);
    this.#commands
      .ask((redis) => redis.xadd(registry.erasures, 'MAXLEN', '~', erasuresKept, '*', 'channel', channelId, 'post', postId ?? ''))
      .catch(() => undefined);
    this.#publish(registry.control, { type: 'erased', from: this.#nodeId, channelId, postId });
  }

  /** Tells of an erasure, again and again, and hears who has let go of what was read before. The function returned ends that. */
  requestErasureAcks(channelId: string, postId: string | null, acknowledged: (nodeId: string) => void): () => void {
    const ask = `${this.#nodeId}.${++this.#lastRequest}`;
    this.#pendingAcks.set(ask, acknowledged);
    if (!this.#announcedErasures.delete(`${channelId} ${postId}`)) this.#announcer.announceErased(channelId, postId);
    const tell = () => this.#publish(registry.control, { type: 'erased', from: this.#nodeId, channelId, postId, ask });
    tell();
    const again = setInterval(tell, askAgainMs).unref();
    return () => {
      clearInterval(again);
      this.#pendingAcks.delete(ask);
    };
  }

  /** Resolves when a message has come through Redis and back. */
  probe(): Promise<void> {
    const number = ++this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#probes.clear();
      this.#probes.set(number, resolve);
      const text = JSON.stringify({ type: 'probe', from: this.#nodeId, number } satisfies Message);
      this.#commands.ask((redis) => redis.publish(registry.node(this.#nodeId), text)).catch(reject);
    });
  }

  /** The journal was read up to here, for whoever asked. */
  read(channelId: string, { offset }: Position, isHead?: boolean): void {
    this.#followed.get(channelId)?.tracker.read(offset, isHead);
  }

  /** What was announced or read here so far. */
  mark(channelId: string): TrackerMark {
    return this.#followed.get(channelId)?.tracker.mark ?? { highest: 0, news: 0 };
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

  /** The journal stands where listeners may not: they are told to look. What was read of it and is lost is given out no more. */
  announceMissed(channelId: string, head: Position, before: TrackerMark): void {
    const isLost = this.#followed.get(channelId)?.tracker.found(head, before);
    if (isLost) this.#announcer.announceErased(channelId, null);
    this.#announcer.announce(channelId, { type: 'maybe-missed' });
  }

  /** Listeners are told to look, whatever they heard. */
  markUncertain(channelId: string): void {
    this.#announcer.announce(channelId, { type: 'maybe-missed' });
  }

  /** The channel is not there any more. */
  gone(channelId: string): void {
    this.#followed.get(channelId)?.tracker.forget();
    this.#announcer.announce(channelId, { type: 'gone' });
  }

  // ---- Hearing

  #applyAnnouncement(channelId: string, heard: Announcement): void {
    if (heard.type === 'entry') this.#followed.get(channelId)?.tracker.note(heard.change.offset, heard.change.check);
    if (heard.type === 'gone') this.#followed.get(channelId)?.tracker.forget();
    this.#announcer.announce(channelId, heard);
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
      case 'acknowledged':
        this.#pendingAcks.get(message.ask)?.(message.from);
        return;
      case 'erased':
        if (message.from === this.#nodeId) return;
        // Listeners drop at once what they hold, and what they have asked for and not yet got.
        this.#announcer.announceErased(message.channelId, message.postId);
        // Another sees to its end: who asks for that of a later one here tells of it again.
        this.#announcedErasures.delete(`${message.channelId} ${message.postId}`);
        if (message.ask === undefined) return;
        return this.#publish(registry.node(message.from), { type: 'acknowledged', from: this.#nodeId, ask: message.ask });
      case 'heard': {
        // Own announcements were heard when they were made.
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
      // There may have been more, of which nothing tells any longer.
      if (missed.length >= erasuresKept) for (const channelId of this.channelIds) this.#announcer.announceErased(channelId, null);
    }
    this.#erasuresTo = last ?? '0-0';
  }

  /** Lost where Redis cannot be reached: the comparison of heads finds what it told of. */
  #publish(name: string, message: Message): void {
    this.#commands.ask((redis) => redis.publish(name, JSON.stringify(message))).catch(() => undefined);
  }
}
