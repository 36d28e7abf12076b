import { renderHtml } from '../../../../src/markdown/html-writer.ts';
import type { ReaderPost } from '../../../../src/protocol/model.ts';
import { textOf } from '../../view/wording/plain-text.ts';
import { coverageName } from '../app/coverage-names.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';

/** The title of a write: the headline of its post, else its first words. Empty if it has neither. */
export function titleOf({ write, base, title }: Pick<OutboxEntry, 'write' | 'base' | 'title'>): string {
  switch (write.type) {
    case 'publish':
      return write.post.headline || firstWords(write.post.body);
    case 'revise': {
      const { headline = base?.headline, body = base?.body } = write.revision.changes;
      return headline || firstWords(body);
    }
    case 'retract':
    case 'takedown':
      return title ?? (base?.headline || firstWords(base?.body));
    case 'create-channel':
      return write.channel.headline;
    case 'update-channel':
      return write.patch.headline ?? title ?? coverageName(write.channelId);
  }
}

/** The title of a published post: its headline, else its first words. */
export function titleOfPost({ headline, html }: Pick<ReaderPost, 'headline' | 'html'>): string {
  return headline || shortened(textOf(html));
}

const titleCharacters = 80;

/** The first words of Markdown, as plain text. */
export function firstWords(body: string | undefined): string {
  // Enough for a title, however long the body is.
  return shortened(textOf(html((body ?? '').slice(0, 20 * titleCharacters))));
}

/** The first line, without its end if it is long. */
function shortened(lines: string): string {
  const [text = ''] = lines.split('\n');
  const characters = [...text];
  return characters.length <= titleCharacters ? text : `${characters.slice(0, titleCharacters).join('').trimEnd()}…`;
}

function html(body: string): string {
  try {
    return renderHtml(body, () => '');
  } catch {
    // Nested too deeply to be rendered.
    return '';
  }
}
