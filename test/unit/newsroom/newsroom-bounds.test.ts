import { v7 as uuidv7 } from 'uuid';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import { MediaUnavailable } from '../../../src/media/media-store.ts';
import { createImporter } from '../../../src/newsroom/import.ts';
import { createNewsroom } from '../../../src/newsroom/newsroom.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { orRefuse } from '../../../src/newsroom/uploads.ts';
import type { WriteCommand } from '../../../src/newsroom/write-command.ts';
import type { Principal } from '../../../src/protocol/rights.ts';
import { newChannelSchema, parse } from '../../../src/protocol/schemas.ts';
import { candidates, slugOf } from '../../../src/protocol/slug.ts';
import type { TransferLine } from '../../../src/protocol/transfer.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { plainChannel, plainPost } from '../../support/authors/transfer.ts';
import { createChannel, publish, renderer } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

const who: Principal = {
  ...{ sub: 'ed', name: 'Edith Or', jti: 'j', expiresAt: Number.POSITIVE_INFINITY },
  grants: { reader: [], author: [], editor: ['*'], admin: true },
};

async function opened() {
  const { engine, close } = await openTempMemory();
  onTestFinished(close);
  return { engine, newsroom: createNewsroom({ engine, renderer, now: Date.now, newId: () => uuidv7() }) };
}

let requests = 0;
function asking<C>(command: C): WriteCommand<C> {
  requests += 1;
  return { who, keyed: false, request: { id: `request-${requests}`, digest: 'd'.repeat(64) }, parse: () => command };
}

it('slugCandidates channels may have ids made from one headline', async () => {
  const { engine, newsroom } = await opened();
  const command = parse(newChannelSchema, { headline: 'To the Moon' });
  const ids = candidates(slugOf(command.headline), newsroomLimits.slugCandidates);
  for (const id of ids.slice(0, -1)) await createChannel(engine, id);
  expect((await newsroom.openChannel(asking(command))).channel.id).toBe(ids.at(-1));
  await expect(newsroom.openChannel(asking(command))).rejects.toMatchObject({ problem: { code: 'channel-exists' } });
});

it('a revision lists the posts that restate it from derivedPages pages', async () => {
  const { engine, newsroom } = await opened();
  const { id: channelId } = await createChannel(engine);
  const { id } = await publish(engine, channelId);
  // A page has no room for two of them.
  const html = 'x'.repeat(limits.answerBytes / 2);
  for (let nth = 0; nth <= newsroomLimits.derivedPages; nth += 1) await publish(engine, channelId, { derivedFrom: [id], html });
  const posts = vi.spyOn(engine, 'posts');
  const revision = { kind: 'update', changes: { body: 'Another.' }, expected: 'any' } as const;
  const { derived } = await newsroom.revise(asking(revision), channelId, id);
  expect([derived.length, posts.mock.calls.length]).toEqual([newsroomLimits.derivedPages, newsroomLimits.derivedPages]);
});

it('an upload that the store cannot take is sent again after mediaRetrySeconds', async () => {
  const refused = orRefuse(() => Promise.reject(new MediaUnavailable('The directory is gone.')));
  await expect(refused).rejects.toMatchObject({
    problem: { code: 'media-unavailable', retryAfter: newsroomLimits.mediaRetrySeconds },
  });
});

describe('an import', () => {
  const at = '2026-11-24T12:00:00.000Z';
  const postLine = (body: string): TransferLine =>
    ({ post: plainPost('moon', { body }), facts: { at, by: 'ada' } }) as TransferLine;
  const channelLine = { channel: plainChannel('moon'), facts: undefined } as TransferLine;
  function importer(engine: Engine) {
    const append = vi.fn(engine.append.bind(engine));
    return { append, ...createImporter({ engine, append, renderer, newId: () => uuidv7() }, 'ed') };
  }

  it('writes importLines lines at a time', async () => {
    const { engine } = await opened();
    const { append, take } = importer(engine);
    await take(1, channelLine);
    for (let number = 2; number < newsroomLimits.importLines; number += 1) await take(number, postLine('A post.'));
    expect(append).not.toHaveBeenCalled();
    await take(newsroomLimits.importLines, postLine('A post.'));
    expect(append).toHaveBeenCalledTimes(newsroomLimits.importLines);
  });

  it('writes importCharacters characters of text at a time', async () => {
    const { engine } = await opened();
    const { append, take } = importer(engine);
    await take(1, channelLine);
    const html = '<p></p>\n'.length;
    const each = newsroomLimits.importCharacters / 16;
    const body = 'x'.repeat((each - html) / 2);
    for (let number = 2; number <= 16; number += 1) await take(number, postLine(body));
    await take(17, postLine(body.slice(1)));
    expect(append).not.toHaveBeenCalled();
    await take(18, postLine('A post.'));
    expect(append).toHaveBeenCalledTimes(18);
  });

  it('lists importConflicts conflicts, and counts the others', async () => {
    const { engine } = await opened();
    const first = importer(engine);
    const post = plainPost('moon', { body: 'As it is here.' });
    const lineOf = (body: string) => ({ post: { ...post, body }, facts: { at, by: 'ada' } }) as TransferLine;
    await first.take(1, channelLine);
    await first.take(2, lineOf(post.body));
    await first.finish();
    const { take, finish, done } = importer(engine);
    for (let number = 1; number <= newsroomLimits.importConflicts + 1; number += 1) await take(number, lineOf('Another.'));
    await finish();
    expect([done.conflicting, done.conflicts.length]).toEqual([
      newsroomLimits.importConflicts + 1,
      newsroomLimits.importConflicts,
    ]);
  });
});
