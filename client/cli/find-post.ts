import { problem } from '../../src/protocol/problems.ts';
import type { AuthorClient, CommandOptions, SeenPost } from '../lib/author-client.ts';
import { ProblemError } from '../lib/http.ts';
import { CommandFailed, UsageError } from './command-errors.ts';
import { plainLine, textOf } from './terminal-text.ts';

/** `sub`: the user's id, if known. */
type FindOptions = CommandOptions & { sub: string | undefined; hasToken: boolean };

/**
 * Finds a post by its id, by the end of its id as displayed beside posts (ids begin with the time, so their ends differ), or by
 * `latest`. `latest` is the user's own newest published post, so that a colleague's post that arrived a moment ago is not changed
 * by mistake.
 */
export async function findPost(client: AuthorClient, channelId: string, name: string, options: FindOptions): Promise<SeenPost> {
  const wanted = name.toLowerCase().replace(/^(?:\u2026|\.\.\.)/, '');
  if (wanted === 'latest') return findLatest(client, channelId, options);
  if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(wanted)) return client.getPost(channelId, wanted, options);
  if (!/^[0-9a-f-]{4,}$/.test(wanted)) {
    throw new UsageError(`"${name}" does not name a post. Use latest, an id, or at least the last four characters of an id.`);
  }
  const found = await findAll(client, channelId, ({ id }) => id.endsWith(wanted), options);
  if (found.length === 1) return found[0] as SeenPost;
  if (found.length === 0) throw new CommandFailed(`No post of ${channelId} has an id that ends in ${wanted}.`);
  const shown = found.slice(0, 10).map((post) => `  ${post.id}  ${displayTitle(post)}`);
  throw new CommandFailed(`Several posts have an id that ends in ${wanted}:\n${shown.join('\n')}`);
}

/** The end of an id, enough to identify a post in a channel. */
export function shortId(id: string): string {
  return plainLine(id.slice(-6));
}

export function displayTitle({ headline, html }: { headline: string | null; html: string }): string {
  const text = plainLine(headline ?? textOf(html));
  return text.length > 70 ? `${text.slice(0, 69)}\u2026` : text;
}

async function findLatest(
  client: AuthorClient,
  channelId: string,
  { sub, hasToken, ...options }: FindOptions,
): Promise<SeenPost> {
  for await (const posts of pages(client, channelId, 20, options)) {
    // Anyone may read a public channel, but without a token nobody has posts of their own.
    if (!hasToken) throw new ProblemError(problem('token-missing'));
    const post = posts.find(
      ({ status, publishedBy }) => status === 'published' && publishedBy !== undefined && publishedBy === sub,
    );
    if (post !== undefined) return post;
  }
  throw new CommandFailed(`You have no published post in ${channelId}. Name another post by its id or the end of its id.`);
}

async function findAll(client: AuthorClient, channelId: string, fits: (post: SeenPost) => boolean, options: CommandOptions) {
  const found: SeenPost[] = [];
  for await (const posts of pages(client, channelId, 100, options)) found.push(...posts.filter(fits));
  return found;
}

async function* pages(
  client: AuthorClient,
  channelId: string,
  limit: number,
  options: CommandOptions,
): AsyncGenerator<SeenPost[]> {
  for (let before: number | undefined; ; ) {
    const page = await client.listPosts(channelId, { limit, ...(before !== undefined && { before }) }, options);
    yield page.posts;
    before = page.posts.at(-1)?.seq;
    if (!page.more || before === undefined) return;
  }
}
