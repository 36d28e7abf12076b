import { Fragment, type Node, DOMParser as PastedParser, Slice } from 'prosemirror-model';
import type { EditorProps, EditorView } from 'prosemirror-view';
import type { EditorOptions } from '../body-editor.ts';
import { addressOf, withLink } from '../links.ts';
import { schema } from '../schema.ts';
import { cleanPasted } from './clean-pasted.ts';
import { inertMarkup } from './inert-markup.ts';
import { pastedCharacters } from './paste-limits.ts';

/**
 * Reduces pasted and dropped content to what posts can contain. Html is cleaned. Plain text stays as it is written: Markdown in it is
 * not interpreted, a blank line ends a paragraph, and in a text without blank lines every line is a paragraph.
 */
export function pasting({ onAddress }: Pick<EditorOptions, 'onAddress'>): EditorProps {
  return {
    transformPastedHTML: inertMarkup,
    transformPastedText: (text) => text.slice(0, pastedCharacters),
    clipboardParser: new CleaningParser(schema, PastedParser.fromSchema(schema).rules),
    clipboardTextParser: (text, $context) => textSlice(text, $context.parent.inlineContent),
    handlePaste: (view, event, slice) => {
      const text = event.clipboardData?.getData('text/plain').trim() ?? '';
      if (text === '' && event.clipboardData?.types.includes('Files')) return true;
      const href = pastedAddress(text);
      return href !== undefined && isOneText(slice, text) && pasteAddress(view, href, onAddress);
    },
    // The browser would leave the desk to show a file that is dropped.
    handleDrop: (_view, event) => event.dataTransfer?.types.includes('Files') === true,
    handleDOMEvents: {
      drop: (_view, event) => {
        if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
        return false;
      },
    },
  };
}

class CleaningParser extends PastedParser {
  override parseSlice(...[dom, options]: Parameters<PastedParser['parseSlice']>): Slice {
    cleanPasted(dom as Element);
    return super.parseSlice(dom, options);
  }
}

function pastedAddress(text: string): string | undefined {
  return /^(?:https?:\/\/|post:)\S+$/i.test(text) ? addressOf(text) : undefined;
}

/** Whether nothing but this text was pasted. A link that was copied with other words is pasted as it is. */
function isOneText({ content }: Slice, text: string): boolean {
  return content.textBetween(0, content.size, ' ').trim() === text;
}

function pasteAddress(view: EditorView, href: string, onAddress: EditorOptions['onAddress']): boolean {
  const { selection } = view.state;
  const { $from, $to, empty } = selection;
  if ($from.parent.type.spec.code) return false;
  if (empty) {
    const isAlone = $from.depth === 1 && $from.parent.type === schema.nodes.paragraph && $from.parent.content.size === 0;
    return isAlone && onAddress?.(href) === true;
  }
  if (!$from.sameParent($to) || !$from.parent.inlineContent) return false;
  view.dispatch(withLink(view.state, href).scrollIntoView());
  return true;
}

function textSlice(text: string, intoText: boolean): Slice {
  const { paragraph, hard_break: lineBreak } = schema.nodes;
  const whole = text.replace(/\r\n?/g, '\n').replace(/^\n+/, '').trimEnd();
  const parts = /\n[ \t]*\n/.test(whole) ? whole.split(/\n(?:[ \t]*\n)+/) : whole.split('\n');
  const paragraphs = parts
    .filter((part) => part.trim() !== '')
    .map((part) => {
      const lines = part.split('\n').map((line) => (line === '' ? [] : [schema.text(line)]));
      return paragraph.create(
        null,
        lines.flatMap((line, at): Node[] => (at === 0 ? line : [lineBreak.create(), ...line])),
      );
    });
  if (paragraphs.length === 0)
    return intoText && /\S/.test(text) === false && text !== '' ? new Slice(Fragment.from(schema.text(' ')), 0, 0) : Slice.empty;
  return new Slice(Fragment.fromArray(paragraphs), 1, 1);
}
