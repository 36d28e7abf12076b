import { baseKeymap, chainCommands } from 'prosemirror-commands';
import { history, redo, undo } from 'prosemirror-history';
import { undoInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import { Slice } from 'prosemirror-model';
import { liftListItem, sinkListItem, splitListItem } from 'prosemirror-schema-list';
import { type Command, EditorState, Plugin } from 'prosemirror-state';
import { Decoration, DecorationSet, EditorView } from 'prosemirror-view';
import { directionOf } from '../../view/direction.ts';
import type { BodyEditor, EditorOptions } from './body-editor.ts';
import { keepCaretInView } from './caret-in-view.ts';
import { commandFor, commandsOf } from './commands.ts';
import { isComposing } from './composition.ts';
import { markdownRules } from './input-rules.ts';
import { addressLinks, addressOf, linkAt, withLink } from './links.ts';
import type { OpenBody } from './markdown/open-body.ts';
import { parseMarkdown } from './markdown/parse-markdown.ts';
import { pasting } from './paste/paste.ts';
import { selectionAt } from './place-in-text.ts';
import { schema } from './schema.ts';
import { selectionInText } from './selection-in-text.ts';
import { startByAuthor } from './start-by-author.ts';
import { goBelow, goToCell, leaveBelow, leaveCode, tableShapes } from './table-commands.ts';

const { nodes } = schema;

/** The text as it will look, with Markdown behind it. */
export interface RichEditor extends Omit<BodyEditor, 'setBody'> {
  readonly isRich: true;
  show(body: OpenBody): void;
}

type RichOptions = Omit<EditorOptions, 'body'>;

export function createRichEditor(parent: HTMLElement, first: OpenBody, options: RichOptions): RichEditor {
  let opened = first;
  const state = () => EditorState.create({ doc: opened.doc, plugins: pluginsFor(options) });
  const view = new EditorView(parent, {
    state: state(),
    attributes: {
      class: 'rich-text body',
      role: 'textbox',
      'aria-multiline': 'true',
      'aria-label': options.label,
      'data-path': 'body',
      spellcheck: 'true',
      autocapitalize: 'sentences',
      ...(options.language !== undefined && { lang: options.language }),
    },
    ...pasting(options),
    handleScrollToSelection: keepCaretInView,
    dispatchTransaction(transaction) {
      view.updateState(view.state.apply(transaction));
      if (transaction.docChanged) options.onChange(body());
      options.onSelect?.();
    },
  });
  const body = () => opened.write(view.state.doc);
  return {
    get body() {
      return body();
    },
    isRich: true,
    commands: commandsOf(view),
    get link() {
      return linkAt(view.state);
    },
    setLink(href) {
      const address = href === null ? null : addressOf(href);
      if (address !== undefined) view.dispatch(withLink(view.state, address).scrollIntoView());
      view.focus();
    },
    show(next) {
      opened = next;
      view.updateState(state());
    },
    insert(markdown) {
      const { doc } = parseMarkdown(markdown);
      const content = doc.childCount === 1 && doc.firstChild?.type === nodes.paragraph ? doc.firstChild.content : doc.content;
      view.dispatch(view.state.tr.replaceSelection(new Slice(content, 0, 0)).scrollIntoView());
    },
    focus(place) {
      if (place !== undefined) view.dispatch(view.state.tr.setSelection(selectionAt(view.state.doc, place)).scrollIntoView());
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}

function pluginsFor(options: RichOptions): Plugin[] {
  return [
    startByAuthor(),
    foreignKeys,
    markdownRules(),
    keymap(keysFor(options)),
    keymap(baseKeymap),
    history(),
    tableShapes,
    selectionInText,
    addressLinks,
    placeholder(options),
  ];
}

/**
 * Keeps keys from being handled here. Those of an input method choose characters, and do not break lines or publish. Escape belongs to
 * the page around the text.
 */
const foreignKeys = new Plugin({
  props: { handleDOMEvents: { keydown: (view, event) => isComposing(event) || view.composing || event.key === 'Escape' } },
});

const hardBreak: Command = ({ tr, selection: { $from } }, dispatch) => {
  if (!$from.parent.type.contentMatch.matchType(nodes.hard_break)) return true;
  dispatch?.(tr.replaceSelectionWith(nodes.hard_break.create()).scrollIntoView());
  return true;
};

function keysFor({ onSubmit, onLink }: RichOptions): Record<string, Command> {
  const submit = () => {
    onSubmit();
    return true;
  };
  const isInList: Command = ({ selection: { $from } }) =>
    Array.from({ length: $from.depth }, (_, depth) => $from.node(depth + 1)).some(({ type }) => type === nodes.list_item);
  return {
    'Mod-Enter': submit,
    'Mod-b': commandFor('bold'),
    'Mod-i': commandFor('italic'),
    'Mod-e': commandFor('code'),
    'Mod-Shift-x': commandFor('strike'),
    'Mod-k': () => {
      onLink?.();
      return onLink !== undefined;
    },
    'Mod-z': undo,
    'Mod-Shift-z': redo,
    'Mod-y': redo,
    Backspace: chainCommands(undoInputRule, liftEmptyItem),
    Enter: chainCommands(leaveCode, goBelow, splitListItem(nodes.list_item)),
    'Shift-Enter': chainCommands(leaveCode, hardBreak),
    // Outside of lists and tables, Tab leaves the editor.
    Tab: chainCommands(goToCell(1), sinkListItem(nodes.list_item), isInList),
    'Shift-Tab': chainCommands(goToCell(-1), liftListItem(nodes.list_item)),
    ArrowDown: leaveBelow,
  };
}

/** At the beginning of a list item, takes the paragraph out of the list. */
const liftEmptyItem: Command = (state, dispatch) => {
  const { $from, empty } = state.selection;
  if (!empty || $from.parentOffset > 0 || $from.depth < 2 || $from.index(-1) > 0) return false;
  return $from.node(-1).type === nodes.list_item && liftListItem(nodes.list_item)(state, dispatch);
};

/** Shows the placeholder while the text is empty, in the direction of its language. */
function placeholder({ placeholder: text, language }: RichOptions): Plugin {
  const dir = language === undefined ? 'auto' : directionOf(language);
  return new Plugin({
    props: {
      decorations({ doc }) {
        const { firstChild } = doc;
        if (doc.childCount > 1 || firstChild?.type !== nodes.paragraph || firstChild.content.size > 0) return null;
        return DecorationSet.create(doc, [Decoration.node(0, firstChild.nodeSize, { 'data-placeholder': text, dir })]);
      },
    },
  });
}
