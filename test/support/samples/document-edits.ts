import fc from 'fast-check';
import type { Node } from 'prosemirror-model';
import { Transform } from 'prosemirror-transform';
import { schema } from '../../../client/browser/desk/editor/schema.ts';

/** Edits of a document as an author makes them, at random places. */

const words = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...'ab cd 12.,:;!?-()'), minLength: 1, maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.constantFrom(
          ...['*', '**', '_', '~~', '`', '[', ']', '(', ')', '<', '>', '#', '- ', '1. ', '+ ', '|', '---', '===', ':-', '\\'],
          ...['&lt;', '&#65;', '![', '](', 'https://a.example/x_y', 'www.a.example', 'a@b.example', '[sic]', '[a]: b', '    '],
          ...['é', '“', '—', '\u00a0', '👩\u200d🚀', 'א', '~', '>', '\t', 'mailto:a@b.example', '//a.example', 'post:x'],
        ),
        { minLength: 1, maxLength: 6 },
      )
      .map((pieces) => pieces.join('')),
  },
);

const mark = fc.constantFrom<[string, object?]>(
  ['strong'],
  ['em'],
  ['strike'],
  ['code'],
  ['link', { href: 'https://a.example/x' }],
  ['link', { href: 'https://a.example/(x)?a=1&copy;=2', title: 'a "b" \\ c' }],
  ['link', { href: 'post:01890a5d-ac96-774b-bcce-b302099a8057' }],
);

export type Edit = { from: number; to: number } & (
  | { type: 'write'; text: string }
  | { type: 'mark' | 'unmark'; mark: [string, object?] }
  | { type: 'delete' | 'split' | 'break' }
);

/** `from` and `to` are parts of the length of the document. */
const places = { from: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.double({ min: 0, max: 1, noNaN: true }) };

export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ ...places, type: fc.constant('write' as const), text: words }) },
    { weight: 4, arbitrary: fc.record({ ...places, type: fc.constant('mark' as const), mark }) },
    { weight: 1, arbitrary: fc.record({ ...places, type: fc.constant('unmark' as const), mark }) },
    {
      weight: 2,
      arbitrary: fc.record({ ...places, type: fc.constantFrom('delete' as const, 'split' as const, 'break' as const) }),
    },
  ),
  { minLength: 1, maxLength: 8 },
);

export const oneWriting = fc.record({ ...places, type: fc.constant('write' as const), text: words });

/** The document after these edits. An edit that is not possible at its place is left out. */
export function edited(doc: Node, all: readonly Edit[]): Node {
  return all.reduce((before, edit) => {
    const transform = new Transform(before);
    try {
      apply(transform, edit);
    } catch {
      return before;
    }
    return transform.doc;
  }, doc);
}

function apply(transform: Transform, edit: Edit): void {
  const { doc } = transform;
  const places = [edit.from, edit.to].map((part) => betweenCharacters(doc, Math.round(part * doc.content.size)));
  const [from, to] = [Math.min(...places), Math.max(...places)];
  switch (edit.type) {
    case 'write':
      transform.insert(inText(doc, from), schema.text(edit.text));
      break;
    case 'mark':
      transform.addMark(from, betweenCharacters(doc, Math.min(to, from + 30)), schema.mark(...edit.mark));
      break;
    case 'unmark':
      transform.removeMark(from, to, schema.mark(...edit.mark));
      break;
    case 'delete':
      transform.delete(from, betweenCharacters(doc, Math.min(to, from + 10)));
      break;
    case 'split':
      transform.split(inText(doc, from));
      break;
    case 'break':
      transform.insert(inText(doc, from), schema.node('hard_break'));
  }
  transform.doc.check();
}

/** Not within a surrogate pair, where no author can put the cursor. */
function betweenCharacters(doc: Node, at: number): number {
  const before = at > 0 ? doc.textBetween(at - 1, at) : '';
  return /[\ud800-\udbff]/.test(before) ? at + 1 : at;
}

/** The first place for text at or after this one. */
function inText(doc: Node, from: number): number {
  for (let at = from; at <= doc.content.size; at += 1) if (doc.resolve(at).parent.inlineContent) return at;
  throw new Error('no place for text');
}
