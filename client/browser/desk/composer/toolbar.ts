import { html, nothing, type TemplateResult } from 'lit';
import { keyNames } from '../app/keys.ts';
import type { BodyEditor } from '../editor/body-editor.ts';
import type { CommandName, EditorCommand } from '../editor/commands.ts';
import type { ComposerWords } from '../i18n/composer/index.ts';

/** The commands of the toolbar. Other marks are typed as Markdown. Those of blocks make way for those of tables inside a table. */
const marks = ['bold', 'italic'] as const satisfies CommandName[];
const blocks = ['heading', 'bullet-list', 'ordered-list', 'quote', 'table'] as const satisfies CommandName[];
const steps = ['undo', 'redo'] as const satisfies CommandName[];
type Offered = (typeof marks | typeof blocks | typeof steps)[number];

const signs: Record<Exclude<Offered, 'table'>, string> = {
  bold: 'B',
  italic: 'I',
  heading: 'H',
  'bullet-list': '•',
  'ordered-list': '1.',
  quote: '”',
  undo: '↶',
  redo: '↷',
};

/** An icon of lines. */
const icon = (path: string) =>
  html`<svg aria-hidden="true" viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"><path d=${path}></path></svg>`;

/** Few fonts have a chain in one colour. */
const chain = 'M10 14a4 4 0 0 0 5.7 0l3.6-3.6a4 4 0 0 0-5.7-5.7L12.3 6M14 10a4 4 0 0 0-5.7 0l-3.6 3.6a4 4 0 0 0 5.7 5.7l1.3-1.3';

const table = 'M4 5h16v14H4zM4 10h16M12 5v14';

/** The commands for tables, shown while the cursor is in one: a column or a row with a plus or a minus beside it. */
const tableIcons = {
  'add-column': 'M4 4h6v16H4zM14 12h7M17.5 8.5v7',
  'remove-column': 'M4 4h6v16H4zM14 12h7',
  'add-row': 'M4 4h16v6H4zM8.5 17.5h7M12 14v7',
  'remove-row': 'M4 4h16v6H4zM8.5 17.5h7',
} as const satisfies Partial<Record<CommandName, string>>;

export interface ToolbarState {
  editor: BodyEditor;
  words: ComposerWords;
  id(name: string): string;
  /** Whether the field for the address of a link is shown. */
  isLinking: boolean;
  setLinking(isLinking: boolean): void;
}

/**
 * The toolbar of the text: one tab stop, with arrow keys to move between its buttons. Nothing if the text is plain Markdown. Pressing
 * a button leaves the cursor in the text.
 */
export function toolbar(state: ToolbarState): TemplateResult | typeof nothing {
  const { editor, words } = state;
  if (editor.commands.length === 0) return nothing;
  const buttonsOf = (names: readonly Offered[]) =>
    names
      .flatMap((name) => editor.commands.find((command) => command.name === name) ?? [])
      .map((command) => button(command, words));
  const link = html`<button type="button" tabindex="-1" class="composer-tool" aria-expanded=${state.isLinking} aria-label=${words.link} title=${titleOf(words.link, 'Mod+k')}
 aria-pressed=${editor.link !== null} @click=${() => state.setLinking(!state.isLinking)}>${icon(chain)}</button>`;
  return html`<div class="composer-toolbar" role="toolbar" aria-label=${words.formatting} @mousedown=${keepCursor} @keydown=${moveWithin} @focusout=${startAtFirst}>${buttonsOf(marks)}${link}${tableTools(editor, words) ?? buttonsOf(blocks)}${buttonsOf(steps)}</div>
${state.isLinking ? linkField(state) : nothing}`;
}

function button({ name, keys, isActive, isEnabled, run }: EditorCommand, words: ComposerWords): TemplateResult {
  const offered = name as Offered;
  const label = labelOf(offered, words);
  const sign = offered === 'table' ? nothing : signs[offered];
  return html`<button type="button" tabindex=${offered === marks[0] ? 0 : -1} class="composer-tool" data-command=${name} aria-label=${label} title=${titleOf(label, keys)}
 aria-pressed=${isActive() ?? nothing} aria-disabled=${!isEnabled()} data-sign=${sign} @click=${run}>${offered === 'table' ? icon(table) : nothing}</button>`;
}

/** Undefined outside of a table. */
function tableTools({ commands }: BodyEditor, words: ComposerWords): TemplateResult | undefined {
  const labels = words.tableTools;
  const tools = commands.filter(({ name }) => name in tableIcons);
  if (!tools.some(({ isEnabled }) => isEnabled())) return undefined;
  return html`<span class="composer-table-tools" role="group" aria-label=${labels.table}>${tools.map(
    ({ name, isEnabled, run }) => {
      const tool = name as keyof typeof tableIcons;
      return html`<button type="button" tabindex="-1" class="composer-tool" data-command=${name} aria-label=${labels[tool]} title=${labels[tool]} aria-disabled=${!isEnabled()} @click=${run}>${icon(tableIcons[tool])}</button>`;
    },
  )}</span>`;
}

function linkField({ editor, words, id, setLinking }: ToolbarState): TemplateResult {
  const name = id('link');
  const set = (event: Event) => {
    event.preventDefault();
    const field = (event.target as HTMLElement).querySelector('input');
    editor.setLink(field?.value.trim() || null);
    setLinking(false);
  };
  const remove = () => {
    editor.setLink(null);
    setLinking(false);
  };
  const keydown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    setLinking(false);
    editor.focus();
  };
  return html`<form class="composer-link" @submit=${set} @keydown=${keydown}><label for=${name} class="visually-hidden">${words.cardAddress}</label>
<input id=${name} type="text" inputmode="url" dir="ltr" autocomplete="off" placeholder="https://" .value=${editor.link ?? ''} autofocus>
<button class="desk-quiet">${words.link}</button>${editor.link === null ? nothing : html`<button type="button" class="desk-remove" aria-label=${words.remove(words.link)} title=${words.remove(words.link)} @click=${remove}>×</button>`}</form>`;
}

function labelOf(name: Offered, words: ComposerWords): string {
  switch (name) {
    case 'bullet-list':
      return words.list;
    case 'ordered-list':
      return words.numberedList;
    case 'table':
      return words.tableTools.table;
    default:
      return words[name];
  }
}

function titleOf(label: string, keys: string | undefined): string {
  return keys === undefined ? label : `${label} (${keyNames(keys).join(' ')})`;
}

function keepCursor(event: Event): void {
  event.preventDefault();
}

/** The button that the arrow keys reached may be gone by the time Tab leads here again. */
function startAtFirst({ currentTarget, relatedTarget }: FocusEvent): void {
  const bar = currentTarget as HTMLElement;
  if (relatedTarget instanceof Node && bar.contains(relatedTarget)) return;
  for (const [at, button] of bar.querySelectorAll('button').entries()) button.tabIndex = at === 0 ? 0 : -1;
}

/** The arrow keys move in the direction in which the buttons stand. */
function moveWithin(event: KeyboardEvent): void {
  const bar = event.currentTarget as HTMLElement;
  const buttons = [...bar.querySelectorAll('button')];
  const at = buttons.indexOf(event.target as HTMLButtonElement);
  const forward = getComputedStyle(bar).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
  const isArrow = event.key === 'ArrowLeft' || event.key === 'ArrowRight';
  const to = isArrow
    ? at + (event.key === forward ? 1 : -1)
    : event.key === 'Home'
      ? 0
      : event.key === 'End'
        ? buttons.length - 1
        : at;
  const next = buttons[(to + buttons.length) % buttons.length];
  if (to === at || next === undefined) return;
  event.preventDefault();
  for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
  next.focus();
}
