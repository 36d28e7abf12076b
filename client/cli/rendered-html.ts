import type { AuthorPost } from '../../src/protocol/model.ts';
import type { HttpResponse } from '../lib/http.ts';

/**
 * Whether the html that a server shows of a post is what its renderer makes of the body. Which renderer that is, a server does not say
 * outright: its documents name the address that stands in links, and the entity tag of a post the version.
 */
export type HtmlComparison = 'same' | 'differs' | 'unknown';

/** `get`: an answer of the server, or undefined where it refuses. */
export async function htmlComparer(
  get: (path: string) => Promise<HttpResponse | undefined>,
): Promise<(post: AuthorPost) => Promise<HtmlComparison>> {
  const { createRenderer, rendered } = await import('../../src/verify.ts');
  let known: ReturnType<typeof rendererOf> | undefined;
  const rendererOf = async () => {
    const publicUrl = publicUrlIn((await get('/openapi.json'))?.body);
    return publicUrl === undefined ? undefined : createRenderer({ publicUrl });
  };

  return async (post) => {
    // Without a body it is the same for every renderer.
    if (post.body === '') return post.html === '' ? 'same' : 'differs';
    known ??= rendererOf();
    const renderer = await known;
    if (renderer === undefined) return 'unknown';
    if (rendered(post.body, post.channelId, renderer) === post.html) return 'same';
    // Another server may have made the list, with another renderer: the answer about one post has both the html and the version.
    const alone = await get(`/v1/channels/${encodeURIComponent(post.channelId)}/posts/${post.id}`);
    if (alone === undefined) return 'unknown';
    // Behind the version the tag may name what the post says.
    if (alone.headers.get('etag')?.includes(renderer.version) !== true) {
      known = Promise.resolve(undefined);
      return 'unknown';
    }
    const { body, channelId, html } = alone.body as AuthorPost;
    return rendered(body, channelId, renderer) === html ? 'same' : 'differs';
  };
}

function publicUrlIn(document: unknown): string | undefined {
  const { servers } = (document ?? {}) as { servers?: { url?: unknown }[] };
  const url = Array.isArray(servers) ? servers[0]?.url : undefined;
  return typeof url === 'string' ? url : undefined;
}
