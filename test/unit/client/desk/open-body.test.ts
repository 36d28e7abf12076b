import fc from 'fast-check';
import type { Node, NodeType } from 'prosemirror-model';
import { Transform } from 'prosemirror-transform';
import { describe, expect, it } from 'vitest';
import { openBody } from '../../../../client/browser/desk/editor/markdown/open-body.ts';
import { representable } from '../../../../client/browser/desk/editor/markdown/representable.ts';
import { schema } from '../../../../client/browser/desk/editor/schema.ts';
import { renderHtml } from '../../../../src/markdown/html-writer.ts';
import { markdown as parser } from '../../../../src/markdown/parser.ts';
import { markdown } from '../../../support/samples/arbitraries.ts';
import { allBodies } from '../../../support/samples/bodies.ts';
import { edited, edits, oneWriting } from '../../../support/samples/document-edits.ts';
import { comparable, documentHtml } from '../../../support/samples/document-html.ts';

const corpus = allBodies();
const body = fc.oneof(
  { weight: 3, arbitrary: markdown },
  { weight: 1, arbitrary: fc.constantFrom(...corpus.filter(({ length }) => length < 3_000)) },
);

const html = (text: string) => renderHtml(text, (postId) => `post:${postId}`);
const letters = (text: string) => text.replace(/\s/g, '');

/** The html that an author sees of a document. */
function shown(doc: Node): string {
  const blocks = doc.content.content.flatMap((block) => representable(block) ?? []);
  return comparable(documentHtml(doc.type.create(null, blocks)));
}

function expectShown(saved: string, doc: Node): void {
  expect(comparable(html(saved))).toBe(shown(doc));
  // Nothing but spaces and empty blocks is left out.
  const text = doc.textBetween(0, doc.content.size, '\n', (leaf) => (leaf.type.name === 'rule' ? '' : '\n'));
  expect(letters(openedText(saved))).toBe(letters(text));
}

function openedText(saved: string): string {
  return html(saved)
    .replace(/<[^>]*>/g, '')
    .replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>' })[name as 'amp']);
}

/** The text before and after a block. A line that directly follows another may get a blank line before it. */
function around(text: string, index: number): { before: string; after: string } {
  const lines = text.split(/(?<=\r\n|\n|\r(?!\n))/);
  const starts = parser
    .parse(text, {})
    .flatMap(({ level, map, nesting }) => (level === 0 && nesting >= 0 && map ? [map[0]] : []));
  const upTo = (line = lines.length) => lines.slice(0, line).join('');
  const before = starts.length === 0 ? '' : upTo(starts[index]);
  const next = starts[index + 1];
  return {
    before: /^\s*$|\n[ \t]*\r?\n$/.test(before) ? before : before.trimEnd(),
    after: next === undefined ? '' : text.slice(upTo(next).length),
  };
}

describe('a body in the rich editor', () => {
  it('is written back byte for byte if it was not touched, as every text of the demo, the tests and the docs shows', () => {
    expect(corpus.length).toBeGreaterThan(1_000);
    const plain = corpus.filter((text) => {
      const opened = openBody(text);
      expect(opened?.write(opened.doc) ?? text).toBe(text);
      if (opened) expectShown(text, opened.doc);
      return opened === undefined;
    });
    expect(plain.every((text) => /^ {0,3}\[[^\]]+\]:/m.test(text) || html(text) === '')).toBe(true);
    expect(plain.length / corpus.length).toBeLessThan(0.01);
  });

  it('is written back byte for byte if it was not touched, whatever it contains', () => {
    let rich = 0;
    const runs = 2_000;
    fc.assert(
      fc.property(markdown, (text) => {
        const opened = openBody(text);
        if (!opened) return;
        rich += 1;
        expect(opened.write(opened.doc)).toBe(text);
        expectShown(text, opened.doc);
      }),
      { numRuns: runs },
    );
    expect(rich / runs).toBeGreaterThan(0.8);
  });

  it('becomes what the editor shows after any edits', () => {
    fc.assert(
      fc.property(body, edits, (text, all) => {
        const opened = openBody(text);
        if (!opened) return;
        const doc = edited(opened.doc, all);
        expectShown(opened.write(doc), doc);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps emphasis that goes on in the next line after bold text that began before it', () => {
    const opened = openBody('Up *and away\nnow*.') as NonNullable<ReturnType<typeof openBody>>;
    const { doc } = new Transform(opened.doc).addMark(1, 12, schema.mark('strong'));
    expect(opened.write(doc)).toBe('**Up *and away***\n*now*.');
    expectShown(opened.write(doc), doc);
  });

  it('ends bold text before a line end if a link that is bold in part begins with the line end', () => {
    const opened = openBody('a\nbc') as NonNullable<ReturnType<typeof openBody>>;
    const link = schema.mark('link', { href: 'https://a.example/x', title: null });
    const { doc } = new Transform(opened.doc).addMark(2, 5, link).addMark(1, 4, schema.mark('strong'));
    expect(opened.write(doc)).toBe('**a**\n[**b**c](https://a.example/x)');
    expectShown(opened.write(doc), doc);
  });

  it('ends with its text if nothing but a space of another kind follows in the next line', () => {
    const opened = openBody('') as NonNullable<ReturnType<typeof openBody>>;
    const content = [schema.text('a'), schema.nodes.hard_break.create(), schema.text('\u00a0')];
    const doc = schema.topNodeType.create(null, schema.nodes.paragraph.create(null, content));
    expect(opened.write(doc)).toBe('a');
    expectShown(opened.write(doc), doc);
  });

  it('is written whole even if the server would refuse it', () => {
    const { table, table_row: row, table_header: header, table_cell: cell } = schema.nodes;
    const rowOf = (type: NodeType) => row.create(null, Array<Node>(10).fill(type.create(null, schema.text('x'))));
    const cells = table.create(null, [rowOf(header), ...Array<Node>(3_000).fill(rowOf(cell))]);
    const opened = openBody('Before.');
    const doc = schema.topNodeType.create(null, [...(opened?.doc.content.content ?? []), cells]);
    const written = opened?.write(doc) ?? '';
    expect(() => html(written)).toThrow();
    expect(written.startsWith('Before.\n\n| x |')).toBe(true);
    expect(written.match(/x/g)).toHaveLength(30_010);
  });

  it('keeps the bytes of all blocks but the one that was edited', () => {
    fc.assert(
      fc.property(body, oneWriting, (text, edit) => {
        const opened = openBody(text);
        if (!opened) return;
        const doc = edited(opened.doc, [edit]);
        const at = opened.doc.content.findDiffStart(doc.content);
        if (at === null) return;
        const index = opened.doc.resolve(at).index(0);
        const { before, after } = around(text, index);
        const saved = opened.write(doc);
        expect(saved.slice(0, before.length)).toBe(before);
        expect(saved.slice(saved.length - after.length)).toBe(after);
      }),
      { numRuns: 2_000 },
    );
  });
});
