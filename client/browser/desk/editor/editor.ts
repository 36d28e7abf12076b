import type { BodyEditor, EditorOptions } from './body-editor.ts';
import { type OpenBody, openBody } from './markdown/open-body.ts';
import { createPlainEditor } from './plain-editor.ts';
import { createRichEditor } from './rich-editor.ts';

export type { BodyEditor, EditorOptions } from './body-editor.ts';

/** Puts an editor for a body into `parent`: the rich one if it can hold all of the body, otherwise a plain Markdown field. */
export function createEditor(parent: HTMLElement, options: EditorOptions): BodyEditor {
  const create = (body: string, opened: OpenBody | undefined) =>
    opened === undefined ? createPlainEditor(parent, { ...options, body }) : createRichEditor(parent, opened, options);
  let editor = create(options.body, openBody(options.body));
  return {
    get body() {
      return editor.body;
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
      const opened = openBody(body);
      if (editor.isRich && opened !== undefined) editor.show(opened);
      else if (!editor.isRich && opened === undefined) editor.setBody(body);
      else {
        editor.destroy();
        editor = create(body, opened);
      }
    },
    setLink: (href) => editor.setLink(href),
    insert: (markdown) => editor.insert(markdown),
    focus: (place) => editor.focus(place),
    destroy: () => editor.destroy(),
  };
}
