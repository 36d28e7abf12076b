import { html, nothing, type TemplateResult } from 'lit';
import { keyNames } from '../app/keys.ts';
import type { BodyEditor } from '../editor/body-editor.ts';
import type { CommandName, EditorCommand } from '../editor/commands.ts';
import type { ComposerWords } from '../i18n/composer/index.ts';

/** The commands of the toolbar. Other marks are typed as Markdown. */
const offered = [
  'bold',
  'italic',
  'heading',
  'bullet-list',
  'ordered-list',
  'quote',
  'undo',
  'redo',
] as const satisfies CommandName[];

const signs: Record<(typeof offered)[number], string> = {
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
  const commands = offered.flatMap((name) => editor.commands.find((command) => command.name === name) ?? []);
  if (commands.length === 0) return nothing;
  const link = html`<button type="button" tabindex="-1" class="composer-tool" aria-expanded=${state.isLinking} aria-label=${words.link} title=${titleOf(words.link, 'Mod+k')}
 aria-pressed=${editor.link !== null} @click=${() => state.setLinking(!state.isLinking)}>${icon(chain)}</button>`;
  const [bold, italic, ...others] = commands.map((command, at) => button(command, words, at === 0));
  return html`<div class="composer-toolbar" role="toolbar" aria-label=${words.formatting} @mousedown=${keepCursor} @keydown=${moveWithin}>${bold}${italic}${link}${tableTools(editor, words)}${others}</div>
${state.isLinking ? linkField(state) : nothing}`;
}

function button({ name, keys, isActive, isEnabled, run }: EditorCommand, words: ComposerWords, isFirst: boolean): TemplateResult {
  const label = labelOf(name as (typeof offered)[number], words);
  const active = isActive();
  return html`<button type="button" tabindex=${isFirst ? 0 : -1} class="composer-tool" data-command=${name} aria-label=${label} title=${titleOf(label, keys)}
 aria-pressed=${active ?? nothing} aria-disabled=${!isEnabled()} data-sign=${signs[name as (typeof offered)[number]]} @click=${run}></button>`;
}

function tableTools({ commands }: BodyEditor, words: ComposerWords): TemplateResult | typeof nothing {
  const labels = words.tableTools;
  const tools = commands.filter(({ name }) => name in tableIcons);
  if (!tools.some(({ isEnabled }) => isEnabled())) return nothing;
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

function labelOf(name: (typeof offered)[number], words: ComposerWords): string {
  switch (name) {
    case 'bullet-list':
      return words.list;
    case 'ordered-list':
      return words.numberedList;
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
