import type { Redis } from 'ioredis';
import type { NewEntry } from '../../../src/journal/engine.ts';
import { prepare } from '../../../src/journal/entry-record.ts';
import { newRoot, nextCheck } from '../../../src/journal/hash-chain.ts';
import { channelSubject, labelOf, textOf } from '../../../src/journal/redis/codec.ts';
import { channelKeys } from '../../../src/journal/redis/keys.ts';
import { channelEntry, publication, renderer, sampleChannel, samplePost } from './engines.ts';

const atOnce = 2_000;

/**
 * Writes a channel with this many posts into Redis, faster than an engine: its journal and its texts, from which everything else
 * can be derived. Post n has seq n + 1. Returns the ids.
 */
export async function writeLargeChannel(redis: Redis, id: string, count: number): Promise<string[]> {
  const [journal, , , , texts, labels] = channelKeys(id) as [string, string, string, string, string, string];
  const root = newRoot();
  const sample = samplePost(id);
  const ids = Array.from({ length: count }, (_, number) => `01890a5d-ac96-774b-bcce-${String(number + 1).padStart(12, '0')}`);
  let check = root;
  for (let from = 0; from <= count; from += atOnce) {
    const [written, labelled, pipeline] = [[] as string[], [] as string[], redis.pipeline()];
    for (let number = from; number < Math.min(from + atOnce, count + 1); number++) {
      const postId = ids[number - 1];
      const entry: NewEntry = postId ? publication({ ...sample, id: postId }) : channelEntry(sampleChannel(id));
      const { facts, content, digest, text } = prepare(id, entry, renderer);
      const [offset, who] = [number + 1, postId ?? channelSubject];
      check = nextCheck(check, offset, digest);
      pipeline.xadd(
        ...[journal, `${offset}-0`, 'root', root, 'type', facts.type, 'post', who],
        ...['seq', postId ? offset : '', 'revision', 1, 'kind', '', 'at', facts.at, 'by', facts.by],
        ...['listed', '', 'content', content, 'check', check],
      );
      written.push(`${who}:1`, textOf(text));
      labelled.push(`${who}:1`, labelOf(text));
    }
    pipeline.hset(texts, ...written).hset(labels, ...labelled);
    await pipeline.exec();
  }
  return ids;
}
