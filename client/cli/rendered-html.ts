import type { AuthorPost } from '../../src/protocol/model.ts';
import type { HttpResponse } from '../lib/http.ts';

/**
 * Whether a post's html is what the server's renderer makes of its body. No single answer identifies the renderer: the OpenAPI
 * document has the public URL that its links use, and the entity tag of a post has its version.
 */
export type HtmlComparison = 'same' | 'differs' | 'unknown';

/** `get`: returns the server's answer, or undefined if it refuses. */
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
    // An empty body renders the same with every renderer.
    if (post.body === '') return post.html === '' ? 'same' : 'differs';
    known ??= rendererOf();
    const renderer = await known;
    if (renderer === undefined) return 'unknown';
    if (rendered(post.body, post.channelId, renderer) === post.html) return 'same';
    // The list may come from another node with another renderer. The answer for a single post has both the html and the version.
    const alone = await get(`/v1/channels/${encodeURIComponent(post.channelId)}/posts/${post.id}`);
    if (alone === undefined) return 'unknown';
    // The tag may contain more after the version.
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
