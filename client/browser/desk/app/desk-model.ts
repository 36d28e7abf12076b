import { AuthorClient } from '../../../lib/author-client.ts';
import { sessionKeepalive } from '../../session-keepalive.ts';
import { Drafts } from '../drafts/drafts.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import { KeyRegistry } from './keys.ts';
import { type OpenCoverage, OpenCoverages } from './open-coverages.ts';
import type { Place } from './places.ts';
import { Router } from './router.ts';
import { type DeskSession, loadSession, type SessionState, signOut } from './session.ts';

/** What the desk knows, for its elements: who is signed in, where one is, and what is open. */
export class DeskModel {
  readonly client: AuthorClient;
  readonly keys = new KeyRegistry();
  readonly router: Router;
  readonly #storage: Storage | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #keepSession: () => void;
  #state: SessionState | undefined;
  #coverages: OpenCoverages | undefined;
  #outbox: Outbox | undefined;
  #drafts: Drafts | undefined;
  #owner: string | undefined;

  constructor({ url, storage }: { url: string; storage: Storage | undefined }) {
    this.#storage = storage;
    this.client = new AuthorClient({ url });
    this.router = new Router(() => this.#changed());
    this.#keepSession = sessionKeepalive(url, () => this.#state?.status === 'signed-in');
  }

  /** Undefined until the first answer. */
  get sessionState(): SessionState | undefined {
    return this.#state;
  }

  get session(): DeskSession | undefined {
    return this.#state === undefined || this.#state.status === 'signed-out' ? undefined : this.#state.session;
  }

  get place(): Place {
    return this.router.place;
  }

  get openCoverages(): readonly OpenCoverage[] {
    return this.#coverages?.all ?? [];
  }

  /** The coverage that is shown. */
  get shownCoverage(): OpenCoverage | undefined {
    const { place } = this;
    return place.at === 'coverage' ? this.#coverages?.get(place.channelId) : undefined;
  }

  /** Of the author who is signed in. */
  get outbox(): Outbox | undefined {
    return this.#outbox;
  }

  /** Of the author who is signed in. */
  get drafts(): Drafts | undefined {
    return this.#drafts;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Asks the server who is signed in: at the start, after signing in, and when a session may have ended. */
  async loadSession(): Promise<void> {
    this.#state = await loadSession(this.#storage);
    await this.#setOwner(this.session?.ownerKey);
    this.#keepSession();
    this.#changed();
  }

  async signOut(): Promise<void> {
    await signOut(this.#storage);
    this.#state = { status: 'signed-out' };
    await this.#setOwner(undefined);
    this.router.go({ at: 'list' }, 'replace');
  }

  closeCoverage(channelId: string): void {
    const isShown = this.shownCoverage?.channelId === channelId;
    this.#coverages?.close(channelId);
    if (isShown) this.router.go({ at: 'list' });
  }

  /** Nothing of one author is left on the page when another signs in. */
  async #setOwner(owner: string | undefined): Promise<void> {
    if (owner === this.#owner) return;
    this.#owner = owner;
    this.#coverages?.closeAll();
    this.#coverages = undefined;
    await this.#drafts?.close();
    this.#drafts = undefined;
    if (owner === undefined) return;
    this.#drafts = await Drafts.open(owner);
    this.#coverages = new OpenCoverages({
      url: location.origin,
      storage: this.#storage,
      ownerKey: owner,
      isOwn: () => false,
      event: () => {},
      changed: () => this.#changed(),
    });
  }

  #changed(): void {
    const { place } = this;
    if (place.at === 'coverage') this.#coverages?.show(place.channelId);
    else this.#coverages?.hide();
    for (const changed of this.#listeners) changed();
  }
}
