import { AuthorClient } from '../../../lib/author-client.ts';
import { ComposerMemory } from '../composer/device-memory.ts';
import { Drafts } from '../drafts/drafts.ts';
import { isPublished } from '../drafts/published-posts.ts';
import { openOutbox } from '../outbox/outbox.ts';
import { channelOf, isDelivered, isPublishedHere, type Outbox } from '../outbox/outbox-model.ts';
import {
  type DeskSession,
  loadSession,
  rememberedSession,
  rememberSession,
  type SessionState,
  signOut,
} from '../session/session.ts';
import { isSameSession, stateAfter } from '../session/session-changes.ts';
import { SessionWatch } from '../session/session-watch.ts';
import { basePath } from './base-path.ts';
import { KeyRegistry } from './keys.ts';
import { forgetHeadlines, type OpenCoverage, OpenCoverages } from './open-coverages.ts';
import type { Place } from './places.ts';
import { Router } from './router.ts';

/** The pause before the desk asks for the session again, if the server gave no answer, milliseconds. */
const retryMs = 10_000;

/** The signed-in author, with their outbox and drafts on this device. */
export interface DeskAuthor {
  session: DeskSession;
  outbox: Outbox;
  drafts: Drafts;
}

/** Everything on the page that belongs to one author. */
interface OwnParts extends Omit<DeskAuthor, 'session'> {
  ownerKey: string;
  coverages: OpenCoverages;
}

/** The state that the elements of the desk share: the author, the place, and the open coverages. */
export class DeskModel {
  readonly client: AuthorClient;
  readonly keys = new KeyRegistry(() => this.session && new ComposerMemory(this.session.ownerKey));
  readonly router: Router;
  readonly #storage: Storage | undefined;
  readonly #listeners = new Set<() => void>();
  #state: SessionState | undefined;
  #own: OwnParts | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** How many times the server was asked for the session, and the latest of these requests that was answered. */
  #requests = 0;
  #answered = 0;
  readonly #watch: SessionWatch;
  /** Somebody was signed in since this page was opened. */
  #wasSignedIn = false;
  #serverAheadMs = 0;
  #isPartMissing = false;
  /** The databases that wait for other tabs. */
  #blocked = 0;
  /** Changes of the author are applied one after the other. */
  #applying: Promise<unknown> = Promise.resolve();

  constructor({ url, storage }: { url: string; storage: Storage | undefined }) {
    this.#storage = storage;
    this.client = new AuthorClient({ url });
    this.router = new Router(() => this.#onPlace());
    this.#watch = new SessionWatch({
      ask: () => void this.loadSession(),
      mustStayInUse: () => this.#state?.status === 'signed-in' && this.#state.session.idleSeconds !== undefined,
      onSession: (session) => isSameSession(session, this.session) || void this.loadSession(),
      onSignedOut: () => void this.#onSignedOut(),
    });
    addEventListener('online', () => this.#state?.status === 'unreachable' && this.loadSession());
  }

  /** Shows the data on this device at once, and asks the server for the session. */
  async start(): Promise<void> {
    const session = rememberedSession(this.#storage);
    if (session !== undefined) await this.#apply({ status: 'unreachable', session });
    await this.loadSession();
  }

  /** Undefined until the first answer. */
  get sessionState(): SessionState | undefined {
    return this.#state;
  }

  get session(): DeskSession | undefined {
    return this.#state === undefined || this.#state.status === 'signed-out' ? undefined : this.#state.session;
  }

  /** The time of the server, which decides when a session ends, milliseconds since 1970. */
  get serverNow(): number {
    return Date.now() + this.#serverAheadMs;
  }

  get place(): Place {
    return this.router.place;
  }

  get openCoverages(): readonly OpenCoverage[] {
    return this.#own?.coverages.all ?? [];
  }

  get shownCoverage(): OpenCoverage | undefined {
    const { place } = this;
    return place.at === 'coverage' ? this.#own?.coverages.get(place.channelId) : undefined;
  }

  /** Undefined if nobody is signed in, and while the outbox and the drafts are being opened. */
  get author(): DeskAuthor | undefined {
    const { session } = this;
    if (session === undefined || this.#own === undefined) return undefined;
    const { outbox, drafts } = this.#own;
    return { session, outbox, drafts };
  }

  /**
   * Whether another tab, with an older version of the desk, must be closed before this one can open. If this one is open already,
   * it is before it can store anything again.
   */
  get isBlocked(): boolean {
    return this.#blocked > 0;
  }

  /** A part of the desk could not be loaded, and what needs it does nothing. */
  get isPartMissing(): boolean {
    return this.#isPartMissing;
  }

  setPartMissing(isMissing: boolean): void {
    if (isMissing === this.#isPartMissing) return;
    this.#isPartMissing = isMissing;
    this.#notify();
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Asks the server for the session: at the start, after signing in, and when a session may have ended. */
  async loadSession(): Promise<void> {
    clearTimeout(this.#retry);
    this.#requests += 1;
    const request = this.#requests;
    const answer = await loadSession(this.#storage);
    // A late answer may name an author who has signed out, or nobody although somebody has signed in.
    if (request < this.#answered) return;
    this.#answered = request;
    rememberSession(this.#storage, answer);
    await this.#apply(() => stateAfter(this.#state, answer, { now: this.serverNow, wasSignedIn: this.#wasSignedIn }));
    clearTimeout(this.#retry);
    if (this.#state?.status === 'unreachable') this.#retry = setTimeout(() => this.loadSession(), retryMs);
  }

  async signOut(): Promise<void> {
    await signOut();
    this.#watch.tell(undefined);
    await this.#onSignedOut();
    this.router.go({ at: 'list' }, 'replace');
  }

  closeCoverage(channelId: string): void {
    const isShown = this.shownCoverage?.channelId === channelId;
    this.#own?.coverages.close(channelId);
    if (isShown) this.router.go({ at: 'list' });
  }

  /** The answers to all earlier requests are stale. */
  async #onSignedOut(): Promise<void> {
    this.#requests += 1;
    this.#answered = this.#requests;
    rememberSession(this.#storage, { status: 'signed-out' });
    await this.#apply({ status: 'signed-out' });
  }

  async #apply(change: SessionState | (() => SessionState)): Promise<void> {
    const applied = this.#applying.then(async () => {
      const before = this.#state;
      const state = typeof change === 'function' ? change() : change;
      this.#state = state;
      const isAnother = this.#own !== undefined && this.session !== undefined && this.session.ownerKey !== this.#own.ownerKey;
      await this.#setOwner(isAnother ? undefined : this.session);
      // No element may keep data of one author when another signs in.
      if (isAnother) return location.reload();
      if (state.status === 'signed-in') {
        this.#wasSignedIn = true;
        this.#serverAheadMs = state.serverAheadMs;
        if (before?.status !== 'signed-in' || !isSameSession(before.session, state.session)) this.#watch.tell(state.session);
      }
      if (state.status === 'signed-in' && before?.status !== 'signed-in') {
        this.#own?.coverages.reopenEnded();
        this.#own?.outbox.wake();
      }
      this.#onPlace();
    });
    this.#applying = applied.catch(() => {});
    await applied;
  }

  /** Closes what is open of another author. If opening fails, it is tried again after the next answer about the session. */
  async #setOwner(session: DeskSession | undefined): Promise<void> {
    if (session?.ownerKey === this.#own?.ownerKey) return;
    const before = this.#own;
    this.#own = undefined;
    before?.coverages.closeAll();
    if (before !== undefined) forgetHeadlines(this.#storage);
    await before?.drafts.close();
    before?.outbox.close();
    if (session !== undefined) this.#own = await this.#open(session);
  }

  async #open(session: DeskSession): Promise<OwnParts> {
    const { ownerKey } = session;
    const choices = new ComposerMemory(ownerKey);
    const onBlocked = (isBlocked: boolean) => {
      this.#blocked += isBlocked ? 1 : -1;
      this.#notify();
    };
    const drafts = await Drafts.open(ownerKey, onBlocked);
    const outbox = await openOutbox({ session, askAfterMs: () => choices.askAfterMinutes * 60_000, onBlocked }).catch(
      async (error: unknown) => {
        // The next attempt opens the drafts again, which only one holder may claim.
        await drafts.close();
        throw error;
      },
    );
    void drafts.follow(outbox, (write) => isPublished(this.client, write));
    import('../pictures/uploads/forget-unused-pictures.ts').then(
      ({ forgetUnusedPictures }) => forgetUnusedPictures(outbox, drafts),
      (error: unknown) => console.warn('Pictures that are not needed any more stay for now.', error),
    );
    outbox.subscribe(() => this.#onOutbox(outbox));
    const coverages = new OpenCoverages({
      url: location.origin + basePath,
      storage: this.#storage,
      ownerKey,
      isOwn: (postId) => isPublishedHere(outbox, postId),
      received: (channelId, event) => outbox.received(channelId, event),
      changed: () => {
        this.#reopenExpired();
        this.#notify();
      },
    });
    return { ownerKey, outbox, drafts, coverages };
  }

  /** A connection of an earlier session ends with that session, also if the author has signed in again since. */
  #reopenExpired(): void {
    if (this.#state?.status !== 'signed-in' || Date.parse(this.#state.session.expiresAt) <= this.serverNow) return;
    const isExpired = ({ reader: { state } }: OpenCoverage) => state.status === 'ended' && state.reason === 'expired';
    const expired = this.openCoverages.filter(isExpired).map(({ channelId }) => channelId);
    if (expired.length > 0) this.#own?.coverages.reopenEnded(expired);
  }

  #onOutbox({ entries }: Outbox): void {
    // A coverage that was opened here could not be followed before.
    const made = entries.filter((entry) => entry.write.type === 'create-channel' && isDelivered(entry));
    this.#own?.coverages.reopenEnded(made.map(({ write }) => channelOf(write)));
    this.#notify();
  }

  #onPlace(): void {
    const { place } = this;
    if (place.at === 'coverage') this.#own?.coverages.show(place.channelId);
    else this.#own?.coverages.hide();
    this.#notify();
  }

  #notify(): void {
    for (const changed of this.#listeners) changed();
  }
}
