import type { EditorCommand } from './commands.ts';
import type { TextPlace } from './place-in-text.ts';

/** The text of a post while it is written, rich or as plain Markdown. */
export interface BodyEditor {
  /** The text as Markdown. */
  readonly body: string;
  readonly isRich: boolean;
  /** The commands for a toolbar. None in the plain field. */
  readonly commands: readonly EditorCommand[];
  /** The address of the link at the cursor, null if there is none. */
  readonly link: string | null;
  /** Links the selected text, or removes its link. Without a selection, the word at the cursor or the address itself is linked. */
  setLink(href: string | null): void;
  setBody(body: string): void;
  /** Inserts Markdown at the cursor. */
  insert(markdown: string): void;
  /** `place`: sets the cursor there. Default: where it was. */
  focus(place?: TextPlace | 'end'): void;
  destroy(): void;
}

export interface EditorOptions {
  body: string;
  /** The language of the text, for spelling. */
  language: string | undefined;
  label: string;
  placeholder: string;
  onChange: (body: string) => void;
  /** Ctrl or ⌘ with Enter. Not called while an input method composes. */
  onSubmit: () => void;
  /** The cursor moved, or the commands changed. */
  onSelect?: () => void;
  /** Ctrl or ⌘ with K asks for the address of a link. */
  onLink?: () => void;
  /** An address was pasted alone into an empty paragraph. Returns whether it was taken; otherwise it is put into the text. */
  onAddress?: (url: string) => boolean;
}
