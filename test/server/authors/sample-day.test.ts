import { expect, it } from 'vitest';
import { AuthorClient, type SeenPost } from '../../../client/lib/author-client.ts';
import { openSampleDay, playSampleDay } from '../../support/authors/play-sample-day.ts';
import { markOf, sampleDay } from '../../support/samples/sample-day.ts';
import { startTestServer } from '../../support/servers/server.ts';

it('a server accepts a whole day of coverage, and shows readers only the latest text of each post', async () => {
  await using server = await startTestServer();
  const author = new AuthorClient({ url: server.url, token: await server.token() });
  const day = sampleDay(1969);
  await openSampleDay(author, day);
  await playSampleDay(author, day, day.commands);

  const reader = new AuthorClient({ url: server.url });
  const posts: SeenPost[] = [];
  for (let more = true; more; ) {
    const before = posts.at(-1)?.seq;
    const page = await reader.listPosts(day.channel.id, { limit: 100, ...(before !== undefined && { before }) });
    posts.push(...page.posts);
    more = page.more;
  }
  const published = day.commands.flatMap((command) => (command.type === 'publish' ? [command.post.id] : []));
  expect(posts.map(({ id }) => id).reverse()).toEqual(published);
  for (const { id, revision, status, html } of posts) {
    const marks = Array.from({ length: revision }, (_, at) => markOf(id, at + 1)).filter((mark) => html.includes(mark));
    expect(marks).toEqual(status === 'published' ? [markOf(id, revision)] : []);
  }
});
