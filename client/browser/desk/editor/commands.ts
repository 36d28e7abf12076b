import { lift, setBlockType, toggleMark, wrapIn } from 'prosemirror-commands';
import { redo, undo } from 'prosemirror-history';
import type { MarkType, NodeType } from 'prosemirror-model';
import { liftListItem, wrapInList } from 'prosemirror-schema-list';
import type { Command, EditorState } from 'prosemirror-state';
import type { EditorView } from 'prosemirror-view';
import { schema } from './schema.ts';
import { addColumn, addRow, insertTable, removeColumn, removeRow } from './table-commands.ts';

export type CommandName =
  | ('bold' | 'italic' | 'strike' | 'code')
  | ('heading' | 'bullet-list' | 'ordered-list' | 'quote' | 'table')
  | ('add-row' | 'remove-row' | 'add-column' | 'remove-column')
  | ('undo' | 'redo');

/** A button of a toolbar. */
export interface EditorCommand {
  name: CommandName;
  /** The keys as in `KeyBinding`, such as `Mod+b`. */
  keys: string | undefined;
  /** Whether the selection has it already, for `aria-pressed`. Undefined for commands without a state. */
  isActive: () => boolean | undefined;
  isEnabled: () => boolean;
  run: () => void;
}

const { nodes, marks } = schema;

interface Definition {
  command: Command;
  keys?: string;
  isActive?: (state: EditorState) => boolean;
}

const definitions: Record<CommandName, Definition> = {
  bold: ofMark(marks.strong, 'Mod+b'),
  italic: ofMark(marks.em, 'Mod+i'),
  strike: ofMark(marks.strike, 'Mod+Shift+x'),
  code: ofMark(marks.code, 'Mod+e'),
  heading: ofTextBlock(nodes.heading, { level: 3 }),
  'bullet-list': ofList(nodes.bullet_list),
  'ordered-list': ofList(nodes.ordered_list),
  quote: { command: toggleQuote, isActive: (state) => isInside(state, nodes.blockquote) },
  table: { command: insertTable },
  'add-row': { command: addRow },
  'remove-row': { command: removeRow },
  'add-column': { command: addColumn },
  'remove-column': { command: removeColumn },
  undo: { command: undo, keys: 'Mod+z' },
  redo: { command: redo, keys: 'Mod+Shift+z' },
};

export function commandsOf(view: EditorView): EditorCommand[] {
  return Object.entries(definitions).map(([name, { command, keys, isActive }]) => ({
    name: name as CommandName,
    keys,
    isActive: () => isActive?.(view.state),
    isEnabled: () => command(view.state),
    run: () => {
      command(view.state, view.dispatch, view);
      view.focus();
    },
  }));
}

export const commandFor = (name: CommandName): Command => definitions[name].command;

function ofMark(type: MarkType, keys: string): Definition {
  return {
    keys,
    command: toggleMark(type, null, { removeWhenPresent: false }),
    isActive: ({ selection, storedMarks, doc }) => {
      if (selection.empty) return type.isInSet(storedMarks ?? selection.$head.marks()) !== undefined;
      return doc.rangeHasMark(selection.from, selection.to, type);
    },
  };
}

function ofTextBlock(type: NodeType, attrs: Record<string, unknown> = {}): Definition {
  const isActive = ({ selection: { $from } }: EditorState) =>
    $from.parent.type === type && Object.entries(attrs).every(([name, value]) => $from.parent.attrs[name] === value);
  return {
    isActive,
    command: (state, dispatch) =>
      isActive(state) ? setBlockType(nodes.paragraph)(state, dispatch) : setBlockType(type, attrs)(state, dispatch),
  };
}

/** Makes a list of paragraphs, paragraphs of a list, or another list of a list. */
function ofList(type: NodeType): Definition {
  const isActive = (state: EditorState) => listAround(state)?.type === type;
  return {
    isActive,
    command: (state, dispatch) => {
      const list = listAround(state);
      if (list === undefined) return wrapInList(type)(state, dispatch);
      if (list.type === type) return liftListItem(nodes.list_item)(state, dispatch);
      dispatch?.(state.tr.setNodeMarkup(list.pos, type));
      return true;
    },
  };
}

/** The innermost list around the selection. */
function listAround({ selection: { $from, $to } }: EditorState): { type: NodeType; pos: number } | undefined {
  for (let depth = $from.sharedDepth($to.pos); depth > 0; depth -= 1) {
    const { type } = $from.node(depth);
    if (type === nodes.bullet_list || type === nodes.ordered_list) return { type, pos: $from.before(depth) };
  }
  return undefined;
}

function isInside({ selection: { $from } }: EditorState, type: NodeType): boolean {
  for (let depth = $from.depth; depth > 0; depth -= 1) if ($from.node(depth).type === type) return true;
  return false;
}

function toggleQuote(...[state, dispatch]: Parameters<Command>): boolean {
  return isInside(state, nodes.blockquote) ? lift(state, dispatch) : wrapIn(nodes.blockquote)(state, dispatch);
}
