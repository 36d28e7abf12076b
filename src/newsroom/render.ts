import { createHash } from 'node:crypto';
import type { Renderer } from '../journal/engine.ts';
import { renderHtml } from '../markdown/html-writer.ts';
import { onServer, postPath } from '../protocol/addresses.ts';

/** Renders the Markdown of posts, with a version for the html that is stored. */
export function createRenderer({ publicUrl }: { publicUrl: string }): Renderer {
  const base = publicUrl.replace(/\/+$/, '');
  // `post:` links contain the public URL, so the version depends on it.
  const version = `md2-${createHash('sha256').update(base).digest('hex').slice(0, 8)}`;
  return {
    version,
    publicUrl: base,
    render(body, { channelId }) {
      return renderHtml(body, (postId) => onServer(postPath(channelId, postId), base));
    },
  };
}
