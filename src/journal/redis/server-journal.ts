import type { ServerFacts } from '../../protocol/model.ts';
import type { Renderer, ServerPage } from '../engine.ts';
import { newRoot } from '../hash-chain.ts';
import { factsOfBeginning, factsOfFound, factsOfRenderer, serverLine } from '../server-journal.ts';
import { serverArguments, serverEntryIn } from './codec.ts';
import type { Connection } from './connection/connection.ts';
import { channelKeys, idAt, registry } from './keys.ts';
import { redisLimits } from './redis-limits.ts';

const { verifyLines: pageLines } = redisLimits;

/** Marks of entries that are written once, in `registry.serverMarks`. `allFound`: every earlier channel was recorded. */
export const marks = { begun: 'begun', allFound: 'found' } as const;

export interface ServerJournalParts {
  writes: Connection;
  commands: Connection;
  renderer: Renderer;
  now: () => number;
}

/** The server's own journal, shared by all nodes. It does not record what nodes of an earlier version do. */
export class RedisServerJournal {
  readonly #parts: ServerJournalParts;

  constructor(parts: ServerJournalParts) {
    this.#parts = parts;
  }

  /**
   * Begins the journal if no node has, and records the renderer of this node. Channels that already exist are recorded in the
   * background, since there may be many. If this is interrupted, the next node that starts continues.
   */
  async begin(): Promise<void> {
    const { renderer, now } = this.#parts;
    await this.#once(marks.begun, factsOfBeginning(now()));
    await this.#once(`renderer:${renderer.version}`, factsOfRenderer(renderer.version, renderer.publicUrl, now()));
    // List the channels before this node creates any: new channels are recorded when they are created.
    const channelIds = await this.#unrecordedChannels();
    void this.#recordFound(channelIds).catch(() => undefined);
  }

  async read({ from, limit }: { from: number; limit: number }): Promise<ServerPage> {
    const found = await this.#parts.commands.ask((redis) => redis.xrange(registry.server, `${from}-0`, '+', 'COUNT', limit + 1));
    const lines = found.map(serverEntryIn);
    const entries = lines.slice(0, limit).map(({ entry }) => serverLine(entry));
    return { root: lines[0]?.root ?? '', entries, more: lines.length > limit };
  }

  /** The existing channels, or none if all of them were recorded. */
  async #unrecordedChannels(): Promise<string[]> {
    const { writes } = this.#parts;
    if ((await writes.ask((redis) => redis.zscore(registry.serverMarks, marks.allFound))) !== null) return [];
    const channelIds: string[] = [];
    for (let after = '-'; ; ) {
      const places = await writes.ask((redis) => redis.zrange(registry.channels, after, '+', 'BYLEX', 'LIMIT', 0, pageLines));
      channelIds.push(...places.map(idAt));
      const last = places.at(-1);
      if (last === undefined || places.length < pageLines) return channelIds;
      after = `(${last}`;
    }
  }

  async #recordFound(channelIds: readonly string[]): Promise<void> {
    const { writes, now } = this.#parts;
    for (const channelId of channelIds) {
      const [journal = ''] = channelKeys(channelId);
      const [last] = await writes.ask((redis) => redis.xrevrange(journal, '+', '-', 'COUNT', 1));
      if (last === undefined) continue;
      const [id, fields] = last;
      const head = { offset: Number.parseInt(id, 10), check: fields[21] ?? '' };
      await this.#once(`found:${channelId}`, factsOfFound(channelId, head, now()));
    }
    await writes.ask((redis) => redis.zadd(registry.serverMarks, 0, marks.allFound));
  }

  /** Returns whether the entry was written now. */
  async #once(mark: string, facts: ServerFacts): Promise<boolean> {
    const [, ...entryArguments] = serverArguments([facts]);
    const answer = await this.#parts.writes.run(
      'record-server-entry',
      [registry.server, registry.serverMarks],
      [mark, newRoot(), ...entryArguments],
    );
    return answer === 1;
  }
}
