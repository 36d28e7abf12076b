import { JournalUnavailable } from '../../src/engine/engine.ts';
import { newPost } from './contents.ts';
import { SimNode } from './node.ts';
import { SimReader } from './reader.ts';
import type { Random, Scheduler } from './scheduler.ts';
import { heal, makeSetting, type Setting } from './setting.ts';
import type { Entry, Write } from './store.ts';
import { Witness } from './witness.ts';

/** The nodes, readers and authors on one store, and everything that may befall them. */
type Befalls = (world: World) => void;

/** Faults and what people do, with their weights. Each seed has a choice of the faults, so that each also meets few others. */
const people: [weight: number, Befalls][] = [
  [30, (world) => world.write()],
  [4, (world) => world.random.pick(world.readers).cut()],
  [2, (world) => world.random.pick(world.readers).forget()],
  [2, (world) => world.random.pick(world.readers).comeBack()],
  [1, (world) => world.random.pick(world.readers).changeWay()],
  [10, (world) => void world.random.pick(world.readers).page(world.anyNode())],
];
const faults: [weight: number, Befalls][] = [
  [3, (world) => world.random.pick(world.readers).deafen()],
  [4, (world) => world.anyNode().engine.loseEars()],
  [4, (world) => world.deafen()],
  [4, (world) => world.anyNode().engine.cutTalk()],
  [3, (world) => world.partition()],
  [4, (world) => world.crashStore()],
  [3, (world) => world.stall()],
  [3, (world) => world.failOver('told')],
  [3, (world) => world.failOver('deaf')],
  [3, (world) => world.failOver('unnoticed')],
  [2, (world) => world.failOver('told', 'former')],
  [1, (world) => world.failOver('unnoticed', 'former')],
  [1, (world) => world.putBack()],
  [1, (world) => world.wipe()],
  [1, (world) => world.beginAnew()],
  [2, (world) => world.crashNode()],
  [2, (world) => world.standStill()],
  [2, (world) => world.drain()],
];

export class World {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly setting: Setting;
  readonly witness: Witness;
  readonly readers: SimReader[] = [];
  /** Writes that an author still waits for. */
  readonly pending = new Set<string>();
  #befalls: [number, Befalls][];
  #pace: number;
  #nodes = 0;
  #writes = 0;

  constructor(random: Random, scheduler: Scheduler, trace?: (text: string) => void) {
    this.random = random;
    this.scheduler = scheduler;
    this.setting = makeSetting(random, scheduler);
    this.setting.trace = trace;
    this.witness = new Witness(this.setting);
    const share = random.pick([0.15, 0.4, 1]);
    this.#befalls = [...people, ...faults.filter(() => random.chance(share))];
    this.#pace = random.pick([20, 60, 200]);

    this.setting.store.create('creation');
    this.setting.store.synced = this.setting.store.head;
    (this.setting.store.head as Entry).synced = true;
    this.setting.store.replica = this.setting.store.head;
    for (let each = 0; each < this.setting.chances.nodes; each += 1) this.#addNode();
    for (let each = 0; each < this.setting.chances.readers; each += 1)
      this.readers.push(new SimReader(`reader ${each}`, random.chance(0.2), this.setting, this.witness));
    for (const reader of this.readers) reader.open();
  }

  /** Things befall it, one after the other, and then it heals. */
  live(things: number, healed: () => void): void {
    if (things === 0) {
      this.heal();
      return healed();
    }
    let weight = this.random.below(this.#befalls.reduce((sum, [each]) => sum + each, 0));
    const [, befalls] = this.#befalls.find(([each]) => {
      weight -= each;
      return weight < 0;
    }) as [number, Befalls];
    befalls(this);
    const pause = this.random.chance(0.03) ? this.random.between(1_000, 8_000) : this.random.between(0, this.#pace);
    this.scheduler.later(pause, () => this.live(things - 1, healed));
  }

  say(text: string): void {
    this.setting.trace?.(text);
  }

  anyNode(): SimNode {
    const up = this.setting.nodes.filter((node) => node.isUp);
    return this.random.pick(up.length > 0 ? up : this.setting.nodes);
  }

  #addNode(at = this.setting.nodes.length): void {
    this.setting.nodes[at] = new SimNode(`node ${++this.#nodes}`, this.setting);
  }

  // ---- Authors

  /** Decides on what stands now, and asks until it is answered. */
  write(): void {
    const { random } = this;
    const { head } = this.setting.store;
    if (head === undefined || this.pending.size > 12) return;
    this.#writes += 1;
    const request = `write ${this.#writes}`;
    const text = `text ${this.#writes}`;
    const open = [...head.posts.values()].filter(({ post }) => post.status === 'published').map(({ post }) => post);
    const facts = { request, salt: request, ...(random.chance(0.1) && { headline: text }) };
    if (open.length === 0 || random.chance(0.45)) {
      const post = newPost(`00000000-0000-7000-8000-${String(this.#writes).padStart(12, '0')}`, text);
      return this.#send({ ...facts, type: 'post.published', post, decidedOn: 0, erases: false });
    }
    const { seq: _seq, ...before } = random.pick(open);
    const next = { ...before, revision: before.revision + 1 };
    const decided = { ...facts, decidedOn: before.revision };
    const how = random.fraction();
    if (how < 0.6) {
      const post = { ...next, body: text, html: text };
      return this.#send({ ...decided, type: 'post.revised', post, erases: random.chance(0.15) });
    }
    const gone = { ...next, body: '', html: '' };
    if (how < 0.75) this.#send({ ...decided, type: 'post.retracted', post: { ...gone, status: 'retracted' }, erases: false });
    else this.#send({ ...decided, type: 'post.taken-down', post: { ...gone, status: 'taken-down' }, erases: true });
  }

  #send(write: Write): void {
    this.pending.add(write.request);
    void this.#attempt(write, 0);
  }

  async #attempt(write: Write, tries: number): Promise<void> {
    const node = this.anyNode();
    let isOver = false;
    const again = () => {
      if (isOver) return;
      isOver = true;
      this.scheduler.later(this.random.between(20, 400), () => void this.#attempt(write, tries + 1));
    };
    // A node that ended does not answer.
    this.scheduler.later(1_500, again);
    try {
      if (tries === 0)
        this.say(`${write.request} to ${node.id}: ${write.type} ${write.post.id.slice(-3)}@${write.post.revision}`);
      const appended = await node.engine.append(write);
      if (isOver || !node.isUp) return again();
      isOver = true;
      this.pending.delete(write.request);
      this.say(`${write.request}: ${appended.status}`);
      if (appended.status === 'conflict') return;
      const last = appended.status === 'appended' ? (appended.entries.at(-1) as Entry) : appended.entry;
      this.witness.acknowledges(last);
      if (write.type === 'post.taken-down') void this.#erase(write.post.id, write, 0);
    } catch (error) {
      if (!(error instanceof JournalUnavailable)) throw error;
      again();
    }
  }

  /** Asks for the end of an erasure until it is told. */
  async #erase(postId: string, write: Write, tries: number): Promise<void> {
    const node = this.anyNode();
    const complete = await node.engine.erase(postId).catch(() => false);
    const { head } = this.setting.store;
    let entry = head;
    while (entry !== undefined && entry.request !== write.request) entry = entry.before;
    if (entry?.change.type === 'channel.changed') entry = entry.before;
    if (entry === undefined) return;
    if (complete && node.isUp) {
      this.say(`the erasure of ${postId.slice(-3)} is complete`);
      this.witness.erases(postId, entry);
    } else if (tries < 10)
      this.scheduler.later(this.random.between(200, 1_500), () => void this.#erase(postId, write, tries + 1));
  }

  // ---- Faults

  deafen(): void {
    const node = this.anyNode();
    this.say(`${node.id} goes deaf`);
    node.engine.ears.isDeaf = true;
  }

  partition(): void {
    const { engine, id } = this.anyNode();
    const ms = this.random.chance(0.3) ? this.random.between(15_000, 22_000) : this.random.between(100, 6_000);
    this.say(`${id} is cut off for ${Math.round(ms)} ms`);
    engine.talks = false;
    engine.cutTalk();
    engine.loseEars();
    this.scheduler.later(ms, () => {
      engine.talks = true;
    });
  }

  #cutAll(): void {
    for (const { engine } of this.setting.nodes) {
      engine.cutTalk();
      engine.loseEars();
    }
  }

  crashStore(): void {
    const { store } = this.setting;
    if (!store.isUp) return;
    this.say('the store crashes');
    store.crash();
    this.#cutAll();
    this.scheduler.later(this.random.between(50, 3_000), () => {
      if (!store.isUp) store.restart();
    });
  }

  stall(): void {
    const { store } = this.setting;
    if (!store.isUp || store.isStalled) return;
    this.say('the store stalls');
    store.stall();
    this.scheduler.later(this.random.between(50, 4_000), () => store.resume());
  }

  /**
   * `deaf`: nodes go deaf, and hear nothing of it; as many entries are written anew as were lost. `unnoticed`: what listens is already
   * connected with the replica, so that nothing tells of it but what is announced then. `former`: back to where it came from.
   */
  failOver(how: 'told' | 'deaf' | 'unnoticed', to: 'replica' | 'former' = 'replica'): void {
    const { store, nodes } = this.setting;
    if (!store.isUp) return;
    const lost = to === 'replica' ? store.failOver() : store.failBack();
    this.say(`the ${to} takes over (${how}), ${lost} lost`);
    for (const { engine } of nodes) {
      engine.cutTalk();
      if (how === 'deaf') engine.ears.isDeaf = true;
      if (how === 'told') engine.loseEars();
    }
    for (let each = 0; how === 'deaf' && each < lost; each += 1) this.write();
  }

  putBack(): void {
    const { store } = this.setting;
    this.say('an older dump is put back');
    store.putBack(1 + this.random.below(6));
    this.#cutAll();
  }

  wipe(): void {
    const { store } = this.setting;
    if (!store.isUp || store.isStalled) return;
    this.say('the store is wiped');
    store.wipe();
    this.scheduler.later(this.random.between(10, 4_000), () => void this.#create(0));
  }

  async #create(tries: number): Promise<void> {
    try {
      await this.anyNode().engine.create(`creation ${++this.#writes}`);
    } catch {
      if (tries < 20) this.scheduler.later(200, () => void this.#create(tries + 1));
    }
  }

  beginAnew(): void {
    const { store } = this.setting;
    if (!store.isUp || store.isStalled) return;
    this.say('a history begins anew');
    store.execute(
      () => store.beginAnew(),
      () => undefined,
    );
  }

  crashNode(): void {
    const node = this.anyNode();
    if (!node.isUp) return;
    this.say(`${node.id} crashes`);
    node.crash();
    this.#replaceLater(node);
  }

  standStill(): void {
    const node = this.anyNode();
    const ms = this.random.chance(0.4) ? this.random.between(15_000, 22_000) : this.random.between(200, 7_000);
    this.say(`${node.id} stands still for ${Math.round(ms)} ms`);
    node.engine.standStill();
    this.scheduler.later(ms, () => node.engine.goOn());
  }

  drain(): void {
    const node = this.anyNode();
    if (!node.isUp || node.isDraining) return;
    this.say(`${node.id} drains`);
    node.drain(this.random.between(100, 1_000));
    this.scheduler.later(this.random.between(100, 1_500), () => {
      if (!node.isUp) return;
      void node.close();
      this.#replaceLater(node);
    });
  }

  #replaceLater(node: SimNode): void {
    this.scheduler.later(this.random.between(100, 3_000), () => this.#replace(node));
  }

  #replace(node: SimNode): void {
    const at = this.setting.nodes.indexOf(node);
    if (at !== -1) this.#addNode(at);
  }

  // ---- Healing

  /** Links are whole from now on, the store and all nodes are up; what was lost before stays lost. */
  heal(): void {
    this.say('--- healed');
    const { store, nodes } = this.setting;
    heal(this.setting);
    if (!store.isUp) store.restart();
    if (store.isStalled) store.resume();
    for (const node of [...nodes]) {
      if (node.isUp && node.isDraining) void node.close();
      if (!node.isUp) this.#replace(node);
      node.engine.talks = true;
      node.engine.goOn();
      if (node.engine.ears.isDeaf) node.engine.loseEars();
      for (const socket of node.sockets) socket.drains();
    }
    if (store.head === undefined) void this.#create(0);
    for (const reader of this.readers) if (reader.isSpoiled) reader.cut();
  }
}
