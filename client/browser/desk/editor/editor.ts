import type { BodyEditor, EditorOptions } from './body-editor.ts';
import { opensRich } from './markdown/open-body.ts';
import { createPlainEditor } from './plain-editor.ts';
import { createRichEditor } from './rich-editor.ts';

export type { BodyEditor, EditorOptions } from './body-editor.ts';

/** Puts an editor for a body into `parent`: the rich one if it can hold all of the body, otherwise a plain Markdown field. */
export function createEditor(parent: HTMLElement, options: EditorOptions): BodyEditor {
  const open = (body: string) =>
    createRichEditor(parent, { ...options, body }) ?? createPlainEditor(parent, { ...options, body });
  let editor = open(options.body);
  return {
    get body() {
      return editor.body;
    },
    get isEmpty() {
      return editor.isEmpty;
    },
    get isRich() {
      return editor.isRich;
    },
    get commands() {
      return editor.commands;
    },
    get link() {
      return editor.link;
    },
    setBody(body) {
      if (editor.isRich === opensRich(body)) editor.setBody(body);
      else {
        editor.destroy();
        editor = open(body);
      }
    },
    setLink: (href) => editor.setLink(href),
    insert: (markdown) => editor.insert(markdown),
    focus: () => editor.focus(),
    destroy: () => editor.destroy(),
  };
}
