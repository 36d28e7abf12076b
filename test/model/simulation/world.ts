import { Authors } from './authors.ts';
import type { Entry } from './histories.ts';
import { SimNode } from './node.ts';
import { SimReader } from './reader.ts';
import { member } from './rights.ts';
import type { Random, Scheduler } from './scheduler.ts';
import { heal, makeSetting, type Setting } from './setting.ts';
import { Witness } from './witness.ts';

/** The nodes, readers and authors on one store, and everything that can happen to them. */
type Befalls = (world: World) => void;

/**
 * Actions of people and faults, with their weights. Each seed uses a selection of the faults, so that each fault also occurs
 * among few others.
 */
const people: [weight: number, Befalls][] = [
  [30, (world) => world.authors.write()],
  [3, (world) => world.authors.changeAccess()],
  [4, (world) => world.random.pick(world.readers).cut()],
  [2, (world) => world.random.pick(world.readers).forget()],
  [2, (world) => world.random.pick(world.readers).comeBack()],
  [1, (world) => world.random.pick(world.readers).changeWay()],
  [10, (world) => void world.random.pick(world.readers).page(world.anyNode())],
];
/**
 * Only in some seeds, because little happens after a deletion. Other choices of the seed decide which, so that the remaining
 * seeds keep their meaning.
 */
const deletion: [weight: number, Befalls] = [2, (world) => world.authors.deleteChannel()];
const faults: [weight: number, Befalls][] = [
  [3, (world) => world.random.pick(world.readers).deafen()],
  [4, (world) => world.anyNode().engine.dropSubscriber()],
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
  [1, (world) => world.damage()],
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
  readonly authors: Authors;
  #befalls: [number, Befalls][];
  #pace: number;
  #nodes = 0;

  constructor(random: Random, scheduler: Scheduler, trace?: (text: string) => void) {
    this.random = random;
    this.scheduler = scheduler;
    this.setting = makeSetting(random, scheduler);
    this.setting.trace = trace;
    this.witness = new Witness(this.setting);
    this.authors = new Authors(this.setting, this.witness, () => this.anyNode());
    const { turnReaders, snapshot } = this.setting.chances;
    const share = random.pick([0.15, 0.4, 1]);
    this.#befalls = [
      ...people,
      ...(turnReaders === 1 && snapshot === 2 ? [deletion] : []),
      ...faults.filter(() => random.chance(share)),
    ];
    this.#pace = random.pick([20, 60, 200]);

    this.setting.store.create('creation');
    this.setting.store.synced = this.setting.store.top;
    (this.setting.store.top as Entry).synced = true;
    this.setting.store.replica = this.setting.store.top;
    for (let each = 0; each < this.setting.chances.nodes; each += 1) this.#addNode();
    for (let each = 0; each < this.setting.chances.readers; each += 1)
      this.readers.push(
        new SimReader(`reader ${each}`, random.chance(0.2), random.chance(0.5) ? member : undefined, this.setting, this.witness),
      );
    for (const reader of this.readers) reader.open();
  }

  /** Runs a number of random actions, then heals. */
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

  // ---- Faults

  deafen(): void {
    const node = this.anyNode();
    this.say(`${node.id} goes deaf`);
    node.engine.subscriber.isDeaf = true;
  }

  partition(): void {
    const { engine, id } = this.anyNode();
    const ms = this.random.chance(0.3) ? this.random.between(15_000, 22_000) : this.random.between(100, 6_000);
    this.say(`${id} is cut off for ${Math.round(ms)} ms`);
    engine.talks = false;
    engine.cutTalk();
    engine.dropSubscriber();
    this.scheduler.later(ms, () => {
      engine.talks = true;
    });
  }

  #cutAll(): void {
    for (const { engine } of this.setting.nodes) {
      engine.cutTalk();
      engine.dropSubscriber();
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
   * `how`: `deaf`: nodes hear no announcements of the failover, and as many entries are written as were lost. `unnoticed`:
   * listeners are already connected to the replica, so only later announcements show the failover. `former`: back to the previous
   * primary.
   */
  failOver(how: 'told' | 'deaf' | 'unnoticed', to: 'replica' | 'former' = 'replica'): void {
    const { store, nodes } = this.setting;
    if (!store.isUp) return;
    const lost = to === 'replica' ? store.failOver() : store.failBack();
    this.say(`the ${to} takes over (${how}), ${lost} lost`);
    for (const { engine } of nodes) {
      engine.cutTalk();
      if (how === 'deaf') engine.subscriber.isDeaf = true;
      if (how === 'told') engine.dropSubscriber();
    }
    for (let each = 0; how === 'deaf' && each < lost; each += 1) this.authors.write();
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
    this.scheduler.later(this.random.between(10, 4_000), () => void this.authors.create());
  }

  /** Deletes keys of the channel by hand, and repairs the channel after a while. */
  damage(): void {
    const { store } = this.setting;
    if (!store.isUp || store.isStalled || store.head === undefined || store.isDamaged) return;
    const isJournalLost = this.random.chance(0.6);
    this.say(`keys of the channel are deleted${isJournalLost ? ', its journal too' : ''}`);
    store.isDamaged = true;
    this.scheduler.later(this.random.between(10, 4_000), () => this.#repair(isJournalLost));
  }

  #repair(isJournalLost: boolean): void {
    const { store } = this.setting;
    if (!store.isDamaged) return;
    if (!store.isUp || store.isStalled) return void this.scheduler.later(200, () => this.#repair(isJournalLost));
    this.say('the channel is repaired');
    store.execute(
      () => store.repair(isJournalLost),
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

  /** Restores all links, the store and the nodes. Earlier losses stay lost. */
  heal(): void {
    this.say('--- healed');
    const { store, nodes } = this.setting;
    heal(this.setting);
    if (!store.isUp) store.restart();
    if (store.isStalled) store.resume();
    store.repair(false);
    for (const node of [...nodes]) {
      if (node.isUp && node.isDraining) void node.close();
      if (!node.isUp) this.#replace(node);
      node.engine.talks = true;
      node.engine.goOn();
      if (node.engine.subscriber.isDeaf) node.engine.dropSubscriber();
      for (const socket of node.sockets) socket.drains();
    }
    if (store.top === undefined) void this.authors.create();
    for (const reader of this.readers) if (reader.isSpoiled) reader.cut();
  }
}
