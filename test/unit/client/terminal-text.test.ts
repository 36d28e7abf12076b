import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedPostLines, channelLines, postLines, withdrawnLines } from '../../../client/cli/post-output.ts';
import { Terminal } from '../../../client/cli/terminal.ts';
import { plainJson, plainLine, plainText, textOf } from '../../../client/cli/terminal-text.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { ModelServer } from '../../support/servers/model-server.ts';

/** Foreign text that the command writes to a terminal. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come out
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const hostile = 'a\u001b[2Jb\u009b1mc\u0007\u202edetrever\u2066\r\u007f';

describe('foreign text in a terminal', () => {
  it('contains nothing that could move the cursor, hide text, or change its direction', () => {
    expect(plainText(hostile)).toBe('a\\u{1b}[2Jb\\u{9b}1mc\\u{7}\\u{202e}detrever\\u{2066}\\u{d}\\u{7f}');
    fc.assert(
      fc.property(fc.string({ unit: fc.nat({ max: 0x2100 }).map((point) => String.fromCodePoint(point)) }), (text) => {
        for (const shown of [plainText(text), plainLine(text), plainJson({ text }), textOf(text)])
          expect(shown).not.toMatch(unsafe);
        expect(JSON.parse(plainJson({ text }))).toEqual({ text });
      }),
    );
  });

  it('is otherwise unchanged', () => {
    const text = 'Æble \u{1f319}\u{fe0f} שלום\n\tindented';
    expect(plainText(text)).toBe(text);
    expect(plainLine('one\n\ttwo')).toBe('one two');
  });
});

describe('the text of html', () => {
  const renderer = createRenderer({ publicUrl: 'https://live.example.org' });
  const rendered = (body: string) => {
    const result = renderer.render(body, { channelId: 'moon' });
    return textOf(typeof result === 'string' ? result : (result as { html: string }).html);
  };

  it('keeps paragraphs, lists, quotes, tables, code and the addresses of links', () => {
    expect(rendered('One *line*\nand more.\n\nSecond & **last** <b>.')).toBe('One line\nand more.\n\nSecond & last <b>.');
    expect(rendered('- a\n- b\n  - c\n\nAfter.')).toBe('- a\n- b\n  - c\n\nAfter.');
    expect(rendered('3. a\n4. b')).toBe('3. a\n4. b');
    expect(rendered('> One.\n>\n> Two.\n\nAfter.')).toBe('> One.\n> \n> Two.\n\nAfter.');
    expect(rendered('See [the page](https://example.org/?a=1&b=2).')).toBe('See the page (https://example.org/?a=1&b=2).');
    expect(rendered('https://example.org/')).toBe('https://example.org/');
    expect(rendered('| a | b |\n|---|---|\n| 1 | 2 |')).toBe('a | b\n1 | 2');
    expect(rendered('```\nif (a < b) {\n  c();\n}\n```')).toBe('if (a < b) {\n  c();\n}');
  });
});

describe('a post in a terminal', () => {
  const { style } = new Terminal(
    {
      stdin: Readable.from([]),
      stdout: { write: () => {}, isTTY: false },
      stderr: { write: () => {} },
      interrupted: new AbortController().signal,
    },
    {},
  );
  const server = new ModelServer();
  server.publish({ kind: 'update', keyEvent: false });
  const post = server.snapshot(1).posts[0] as ReaderPost;
  const wicked: ReaderPost = {
    ...post,
    headline: hostile,
    html: `<p>${hostile}</p>`,
    authors: [{ name: hostile }],
    sources: [{ name: hostile, via: hostile }],
    media: [
      { type: 'image', url: `https://example.org/${hostile}`, alt: hostile },
      { type: 'link', url: 'https://example.org/', title: hostile },
      { type: 'video', url: 'https://example.org/', caption: hostile },
    ],
    history: [{ revision: 2, kind: 'correction', note: hostile, at: post.publishedAt }],
    revision: 2,
  };
  /** A post with hostile text in the remaining fields too. */
  const more = {
    ...wicked,
    id: hostile,
    kind: hostile,
    verification: hostile,
    publishedAt: hostile,
    media: [{ type: hostile, url: hostile }],
    history: [{ revision: 2, kind: hostile, note: hostile, at: hostile }],
  } as unknown as ReaderPost;

  it('is safe in every field, in its current form, corrected and withdrawn', () => {
    const before = {
      ...wicked,
      revision: 1,
      headline: `${hostile}!`,
      html: `<p>${hostile}!</p>`,
      sources: [{ name: `${hostile}!` }],
    };
    const lines = [
      ...postLines(wicked, 'UTC', style),
      ...changedPostLines(wicked, before, 'Nowhere/At all', style),
      ...withdrawnLines(
        { ...wicked, status: 'retracted', history: [{ ...wicked.history[0]!, kind: 'retraction' }] },
        before,
        'UTC',
        style,
      ),
      ...postLines(more, hostile, style),
      ...changedPostLines(more, before, 'UTC', style),
      ...withdrawnLines({ ...more, status: 'retracted' }, before, 'UTC', style),
      ...channelLines({ ...server.snapshot(1).channel, headline: hostile, state: hostile as 'live' }, undefined, style),
    ];
    expect(lines.join('\n')).not.toMatch(unsafe);
    expect(lines.length).toBeGreaterThan(15);
  });

  const full: ReaderPost = {
    ...post,
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    publishedAt: '2026-11-24T12:00:00.000Z',
    kind: 'breaking',
    keyEvent: true,
    headline: 'Touchdown',
    html: '<p>The Eagle has landed.</p>',
    verification: 'unverified',
    developing: true,
    authors: [{ name: 'Ada Byron' }],
    sources: [{ name: 'Houston', via: 'Reuters' }, { name: 'A witness' }],
    media: [
      { type: 'image', url: 'https://example.org/a.jpg', alt: 'Eagle over craters' },
      { type: 'link', url: 'https://example.org/', title: 'The page' },
      { type: 'video', url: 'https://example.org/a.mp4' },
    ],
    history: [{ revision: 2, kind: 'clarification', note: 'The ship.', at: '2026-11-24T12:05:00.000Z' }],
    revision: 2,
  };

  it('has its marks, text, media with addresses, authors, sources and corrections', () => {
    expect(postLines(full, 'Europe/Berlin', style)).toEqual([
      '13:00 BREAKING KEY EVENT UNVERIFIED DEVELOPING Touchdown 9a8057',
      '  The Eagle has landed.',
      '  [image: Eagle over craters] https://example.org/a.jpg',
      '  [link: The page] https://example.org/',
      '  [video] https://example.org/a.mp4',
      '  Ada Byron; source: Houston via Reuters, A witness',
      '  Clarified 13:05: The ship.',
      '',
    ]);
    const [disputed] = postLines({ ...full, kind: 'summary', keyEvent: false, verification: 'disputed' }, 'UTC', style);
    expect(disputed).toBe('12:00 SUMMARY DISPUTED DEVELOPING Touchdown 9a8057');
  });

  it('that was changed lists everything that was replaced, and nothing else', () => {
    const change = { revision: 3, kind: 'correction' as const, note: 'It was Eagle.', at: '2026-11-24T12:09:00.000Z' };
    const changed: ReaderPost = {
      ...full,
      revision: 3,
      history: [...full.history, change],
      headline: 'Down',
      html: '<p>The Eagle has landed.</p><p>All are well.</p>',
      kind: 'update',
      keyEvent: false,
      verification: 'verified',
      developing: false,
      sources: [{ name: 'Houston' }],
      media: [],
    };
    expect(changedPostLines(changed, full, 'UTC', style)).toEqual([
      'CORRECTION of 12:00 Down 9a8057',
      '  It was Eagle.',
      '  - Touchdown',
      '  + All are well.',
      '  verification: unverified verified',
      '  developing: more to follow no longer',
      '  key event: yes no longer',
      '  kind: breaking update',
      '  sources: Houston, A witness Houston',
      '  media: https://example.org/a.jpg, https://example.org/, https://example.org/a.mp4 no longer',
      '',
    ]);
  });

  it('that was retracted shows its headline, and one that was taken down only its time', () => {
    const by = (kind: 'retraction' | 'takedown', note: string | null) => [
      ...full.history,
      { revision: 3, kind, note, at: '2026-11-24T12:09:00.000Z' },
    ];
    const retracted = { ...full, status: 'retracted' as const, history: by('retraction', 'Nobody said so.') };
    expect(withdrawnLines(retracted, full, 'UTC', style)).toEqual(['RETRACTED 12:00 Touchdown 9a8057', '  Nobody said so.', '']);
    const takenDown = { ...full, status: 'taken-down' as const, history: by('takedown', null) };
    expect(withdrawnLines(takenDown, full, 'UTC', style)).toEqual(['TAKEN DOWN 12:00 9a8057', '']);
    expect(postLines(takenDown, 'UTC', style)).toEqual(['TAKEN DOWN 12:00 9a8057', '']);
  });

  it('shows the most severe of several missed changes, and all their notes', () => {
    const change = { at: post.publishedAt };
    const changed: ReaderPost = {
      ...post,
      revision: 4,
      history: [
        { ...change, revision: 2, kind: 'correction', note: 'First note.' },
        { ...change, revision: 3, kind: 'refile', note: null },
        { ...change, revision: 4, kind: 'update', note: 'Second note.' },
      ],
    };
    const lines = changedPostLines(changed, post, 'UTC', style);
    expect(lines[0]).toMatch(/^CORRECTION of /);
    expect(lines).toEqual(expect.arrayContaining(['  First note.', '  Second note.']));
  });

  it('that was not displayed before shows its corrections, whatever changed later', () => {
    const change = { at: post.publishedAt };
    const changed: ReaderPost = {
      ...post,
      revision: 4,
      history: [
        { ...change, revision: 2, kind: 'update', note: 'More of it.' },
        { ...change, revision: 3, kind: 'correction', note: 'It was wrong.' },
        { ...change, revision: 4, kind: 'refile', note: null },
      ],
    };
    const lines = changedPostLines(changed, undefined, 'UTC', style);
    expect(lines[0]).toMatch(/^CORRECTION of /);
    expect(lines).toContain('  It was wrong.');
  });

  it('shows a correction with an erased note by its time alone', () => {
    const history = [{ revision: 2, kind: 'correction' as const, note: null, at: '2026-11-24T12:00:00.000Z' }];
    expect(postLines({ ...post, revision: 2, history }, 'UTC', style)).toContain('  Corrected 12:00');
  });

  it('lists corrections of the channel’s headline with every missed change, and to new readers', () => {
    const { channel } = server.snapshot(1);
    const change = { at: post.publishedAt };
    const changed: Channel = {
      ...channel,
      headline: 'Now right',
      revision: channel.revision + 2,
      history: [
        { ...change, revision: channel.revision + 1, kind: 'correction', note: 'The name was wrong.' },
        { ...change, revision: channel.revision + 2, kind: 'refile', note: null },
      ],
    };
    expect(channelLines(changed, channel, style)).toContain('  The name was wrong.');
    expect(channelLines(changed, undefined, style).join('\n')).toContain('The name was wrong.');
  });

  it('lists other changes of a channel: its standfirst, its state, and its pinned post', () => {
    const channel: Channel = { ...server.snapshot(1).channel, headline: 'To the Moon', standfirst: 'Three men.' };
    const later: Channel = {
      ...channel,
      revision: channel.revision + 1,
      standfirst: null,
      state: 'ended',
      pinnedPostId: full.id,
    };
    expect(channelLines(later, channel, style)).toEqual(['Standfirst: nothing', 'The coverage has ended.', 'Pinned: 9a8057', '']);
    const picture = { url: 'https://pictures.example/eagle.jpg', alt: 'Eagle' };
    expect(channelLines({ ...later, picture }, later, style)).toEqual(['Picture: Eagle https://pictures.example/eagle.jpg', '']);
    expect(channelLines(later, { ...later, picture }, style)).toEqual(['Picture: none', '']);
    expect(channelLines({ ...later, pinnedPostId: null }, later, style)).toEqual(['Nothing is pinned now.', '']);
    expect(channelLines(later, later, style)).toEqual([]);
    expect(channelLines(channel, undefined, style)).toEqual(['To the Moon', '  Three men.', '']);
    expect(channelLines({ ...channel, state: 'scheduled' }, undefined, style)).toContain('The coverage has not begun yet.');
  });
});
