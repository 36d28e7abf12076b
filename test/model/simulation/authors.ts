import { JournalUnavailable } from '../../../src/journal/engine.ts';
import { newPost } from './contents.ts';
import { type Entry, holds } from './histories.ts';
import type { SimNode } from './node.ts';
import type { Setting } from './setting.ts';
import type { Write } from './store.ts';
import type { Witness } from './witness.ts';

/** The authors. Each bases a write on the current state, and sends it to one node after another until one answers. */
export class Authors {
  /** Writes without an answer so far. */
  readonly pending = new Set<string>();
  readonly #setting: Setting;
  readonly #witness: Witness;
  readonly #anyNode: () => SimNode;
  #writes = 0;

  constructor(setting: Setting, witness: Witness, anyNode: () => SimNode) {
    this.#setting = setting;
    this.#witness = witness;
    this.#anyNode = anyNode;
  }

  write(): void {
    const { random, store } = this.#setting;
    const { head } = store;
    if (head === undefined || this.pending.size > 12) return;
    const request = this.#newRequest();
    const text = `text ${this.#writes}`;
    const open = [...head.posts.values()].filter(({ post }) => post.status === 'published').map(({ post }) => post);
    const facts = { request, salt: request, ...(random.chance(0.1) && { headline: text }) };
    if (open.length === 0 || random.chance(0.45)) {
      const id = `00000000-0000-7000-8000-${String(this.#writes).padStart(12, '0')}`;
      const post = { ...newPost(id, text), keyEvent: this.#writes % 3 === 0 };
      return this.#send({ ...facts, type: 'post.published', post, decidedOn: 0, erases: false });
    }
    const { seq: _seq, ...before } = random.pick(open);
    const next = { ...before, revision: before.revision + 1 };
    const decided = { ...facts, decidedOn: before.revision };
    const how = random.fraction();
    if (how < 0.6) {
      const post = { ...next, body: text, html: text, keyEvent: this.#writes % 3 === 1 };
      return this.#send({ ...decided, type: 'post.revised', post, erases: random.chance(0.15) });
    }
    const gone = { ...next, body: '', html: '' };
    if (how < 0.75) this.#send({ ...decided, type: 'post.retracted', post: { ...gone, status: 'retracted' }, erases: false });
    else this.#send({ ...decided, type: 'post.taken-down', post: { ...gone, status: 'taken-down' }, erases: true });
  }

  /** Switches the channel between public and members. */
  changeAccess(): void {
    const { head } = this.#setting.store;
    if (head === undefined || this.pending.size > 12) return;
    const request = this.#newRequest();
    const access = head.channel.access === 'public' ? 'members' : 'public';
    this.#send({ request, salt: request, type: 'channel.changed', access, decidedOn: head.channel.revision });
  }

  deleteChannel(): void {
    const { trace, store } = this.#setting;
    if (store.head === undefined) return;
    const request = this.#newRequest();
    trace?.(`${request}: the channel is to be deleted`);
    this.pending.add(request);
    void this.#attempt(request, async (node) => {
      const deleted = await node.engine.deleteChannel(request);
      return () => {
        trace?.(`${request}: ${deleted.status}`);
        if (deleted.status === 'missing') return;
        this.#witness.acknowledges(deleted.entry);
        void this.#erase(null, () => (holds(store.top, deleted.entry) ? deleted.entry : undefined));
      };
    });
  }

  /** Creates the channel if it does not exist. */
  async create(tries = 0): Promise<void> {
    try {
      await this.#anyNode().engine.create(`creation ${++this.#writes}`);
    } catch {
      if (tries < 20) this.#setting.scheduler.later(200, () => void this.create(tries + 1));
    }
  }

  #newRequest(): string {
    this.#writes += 1;
    return `write ${this.#writes}`;
  }

  #send(write: Write): void {
    const { request } = write;
    const { store, trace } = this.#setting;
    trace?.(`${request}: ${described(write)}`);
    this.pending.add(request);
    void this.#attempt(request, async (node) => {
      const appended = await node.engine.append(write);
      return () => {
        trace?.(`${request}: ${appended.status}`);
        if (appended.status !== 'appended' && appended.status !== 'duplicate') return;
        const last = appended.status === 'appended' ? (appended.entries.at(-1) as Entry) : appended.entry;
        this.#witness.acknowledges(last);
        if (write.type === 'post.taken-down') void this.#erase(write.post.id, () => firstOf(store.head, request));
      };
    });
  }

  /** Sends a request to one node after another until one answers. `ask` returns the action to take if its answer is the first. */
  async #attempt(request: string, ask: (node: SimNode) => Promise<() => void>): Promise<void> {
    const { random, scheduler } = this.#setting;
    const node = this.#anyNode();
    let isOver = false;
    const again = () => {
      if (isOver) return;
      isOver = true;
      scheduler.later(random.between(20, 400), () => void this.#attempt(request, ask));
    };
    // A node that ended never answers.
    scheduler.later(1_500, again);
    try {
      const heed = await ask(node);
      if (isOver || !node.isUp) return again();
      isOver = true;
      this.pending.delete(request);
      heed();
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      again();
    }
  }

  /**
   * Repeats the erasure of a post, or of the channel if `postId` is null, until it is complete. `by` returns the erasing entry
   * while the store has it.
   */
  async #erase(postId: string | null, by: () => Entry | undefined, tries = 0): Promise<void> {
    const { random, scheduler, trace } = this.#setting;
    const node = this.#anyNode();
    const complete = await node.engine.erase(postId).catch(() => false);
    const entry = by();
    if (entry === undefined) return;
    if (complete && node.isUp) {
      trace?.(`the erasure of ${postId?.slice(-3) ?? 'all'} is complete`);
      this.#witness.erases(postId, entry);
    } else if (tries < 10) scheduler.later(random.between(200, 1_500), () => void this.#erase(postId, by, tries + 1));
  }
}

/** The first entry of a request. */
function firstOf(head: Entry | undefined, request: string): Entry | undefined {
  let entry = head;
  while (entry !== undefined && entry.request !== request) entry = entry.before;
  return entry?.change.type === 'channel.changed' ? entry.before : entry;
}

function described(write: Write): string {
  if (write.type === 'channel.changed') return `the channel is for ${write.access}`;
  return `${write.type} ${write.post.id.slice(-3)}@${write.post.revision}`;
}
