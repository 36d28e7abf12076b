import { renderHtml } from '../../../../src/markdown/html-writer.ts';
import { textOf } from '../../view/plain-text.ts';
import type { OutboxEntry } from '../outbox/outbox-model.ts';

/** What a write is about: the headline of its post, else its first words. Empty if it has neither. */
export function titleOf({ write, base }: Pick<OutboxEntry, 'write' | 'base'>): string {
  switch (write.type) {
    case 'publish':
      return write.post.headline || firstWords(write.post.body);
    case 'revise': {
      const { headline = base?.headline, body = base?.body } = write.revision.changes;
      return headline || firstWords(body);
    }
    case 'retract':
    case 'takedown':
      return base?.headline || firstWords(base?.body);
    case 'create-channel':
      return write.channel.headline;
    case 'update-channel':
      return write.patch.headline ?? write.channelId;
  }
}

const titleCharacters = 80;

/** Of Markdown, without its signs. */
export function firstWords(body: string | undefined): string {
  // Enough for a title, however long the body is.
  const [text = ''] = textOf(html((body ?? '').slice(0, 20 * titleCharacters))).split('\n');
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
