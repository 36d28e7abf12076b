import type { ServerFacts } from '../../protocol/model.ts';
import { newRoot } from '../chain.ts';
import type { Renderer } from '../engine.ts';
import { factsOfBeginning, factsOfFound, factsOfRenderer, type ServerPage, serverLine } from '../server-journal.ts';
import { serverArguments, serverEntryIn } from './codec.ts';
import type { Connection } from './connection.ts';
import { channelKeys, registry } from './keys.ts';
import { redisLimits } from './limits.ts';

const { verifyLines: pageLines } = redisLimits;

export interface ServerJournalParts {
  writes: Connection;
  talk: Connection;
  renderer: Renderer;
  now: () => number;
}

/** The server's own journal, which all nodes share. What nodes of an earlier version do is not told there. */
export class RedisServerJournal {
  readonly #parts: ServerJournalParts;

  constructor(parts: ServerJournalParts) {
    this.#parts = parts;
  }

  /** Begins it where no node has, with the channels that are there, and tells of this node's renderer. */
  async begin(): Promise<void> {
    const { renderer, now } = this.#parts;
    const isFirst = await this.#once('begun', factsOfBeginning(now()));
    await this.#once(`renderer:${renderer.version}`, factsOfRenderer(renderer.version, renderer.publicUrl, now()));
    if (isFirst) await this.#tellFound();
  }

  async read({ from, limit }: { from: number; limit: number }): Promise<ServerPage> {
    const found = await this.#parts.talk.ask((redis) => redis.xrange(registry.server, `${from}-0`, '+', 'COUNT', limit + 1));
    const lines = found.map(serverEntryIn);
    const entries = lines.slice(0, limit).map(({ entry }) => serverLine(entry));
    return { root: lines[0]?.root ?? '', entries, more: lines.length > limit };
  }

  async #tellFound(): Promise<void> {
    const { writes, now } = this.#parts;
    for (let after = '-'; ; ) {
      const places = await writes.ask((redis) => redis.zrange(registry.channels, after, '+', 'BYLEX', 'LIMIT', 0, pageLines));
      for (const place of places) {
        const channelId = place.slice(place.indexOf(':') + 1);
        const [journal = ''] = channelKeys(channelId);
        const [last] = await writes.ask((redis) => redis.xrevrange(journal, '+', '-', 'COUNT', 1));
        if (last === undefined) continue;
        const [id, fields] = last;
        const head = { offset: Number.parseInt(id, 10), check: fields[21] ?? '' };
        await this.#once(`found:${channelId}`, factsOfFound(channelId, head, now()));
      }
      const last = places.at(-1);
      if (last === undefined || places.length < pageLines) return;
      after = `(${last}`;
    }
  }

  /** Whether it was told now. */
  async #once(mark: string, facts: ServerFacts): Promise<boolean> {
    const [, ...told] = serverArguments([facts]);
    const answer = await this.#parts.writes.run('record', [registry.server, registry.told], [mark, newRoot(), ...told]);
    return answer === 1;
  }
}
