import type { Change, Channel, PostFields, ReaderPost } from '../../src/protocol/model.ts';
import { isCorrection, isWithdrawn } from '../../src/protocol/model.ts';
import { shortId } from './find-post.ts';
import type { Style } from './terminal.ts';
import { plainLine, plainText, textOf } from './terminal-text.ts';

/** Formats posts and changes for a terminal. Pure; all text from others is escaped. */

type PrintablePost = Pick<ReaderPost, 'id' | 'headline' | 'html' | 'history' | 'revision' | 'status' | 'publishedAt'> &
  Partial<Pick<ReaderPost, 'kind' | 'keyEvent' | 'verification' | 'developing' | 'sources' | 'authors' | 'media'>>;

/** A post with its corrections. */
export function postLines(post: ReaderPost, timezone: string, style: Style): string[] {
  if (isWithdrawn(post)) return withdrawnLines(post, undefined, timezone, style);
  const head = [style.dim(clockTime(post.publishedAt, timezone)), ...badges(post, style)];
  if (post.headline !== null) head.push(style.bold(plainLine(post.headline)));
  const fieldLabels = post.history.filter(isCorrection);
  return [
    `${head.join(' ')} ${style.dim(shortId(post.id))}`,
    ...indented(textOf(post.html)),
    ...mediaLines(post, style),
    ...indented(credit(post)).map(style.dim),
    ...fieldLabels.map((change) => `  ${noteOf(change, timezone, style)}`),
    '',
  ];
}

/**
 * A changed post: the kind of change, its note, and the differences. `before`: the post as displayed. If it was not displayed,
 * all its corrections are listed, because the reader may have seen any version elsewhere.
 */
export function changedPostLines(
  post: PrintablePost,
  before: PrintablePost | undefined,
  timezone: string,
  style: Style,
): string[] {
  const changes = post.history.filter((change) =>
    before === undefined ? change.revision === post.revision || isCorrection(change) : change.revision > before.revision,
  );
  const strongest = changes.toSorted((a, b) => severity(b) - severity(a))[0];
  const kind = strongest?.kind ?? 'update';
  const mark = kind === 'correction' || kind === 'clarification' ? style.yellow : style.dim;
  const title = post.headline === null ? '' : ` ${style.bold(plainLine(post.headline))}`;
  const lines = [
    `${mark(plainLine(kind).toUpperCase())} of ${clockTime(post.publishedAt, timezone)}${title} ${style.dim(shortId(post.id))}`,
  ];
  for (const { note } of changes) if (note !== null) lines.push(...indented(plainText(note)).map(mark));
  if (before === undefined || isWithdrawn(before)) {
    return [...lines, ...indented(textOf(post.html)), ''];
  }
  if (before.headline !== null && before.headline !== post.headline)
    lines.push(`  - ${style.struck(plainLine(before.headline))}`);
  const [was, is] = [textOf(before.html).split('\n'), textOf(post.html).split('\n')];
  for (const line of was) if (line !== '' && !is.includes(line)) lines.push(`  - ${style.struck(line)}`);
  for (const line of is) if (line !== '' && !was.includes(line)) lines.push(`  + ${style.green(line)}`);
  for (const [name, from, to] of changedFields(before, post)) {
    lines.push(`  ${name}: ${from === '' ? '' : `${style.struck(from)} `}${style.green(to === '' ? 'no longer' : to)}`);
  }
  return [...lines, ''];
}

/** A withdrawal. The text of a post that was taken down is not printed again. `before`: the post as displayed. */
export function withdrawnLines(post: ReaderPost, before: ReaderPost | undefined, timezone: string, style: Style): string[] {
  const word = post.status === 'taken-down' ? 'TAKEN DOWN' : 'RETRACTED';
  const headline = post.status === 'retracted' ? (before?.headline ?? '') : '';
  const what = style.struck(`${clockTime(post.publishedAt, timezone)} ${plainLine(headline)}`.trim());
  const change = post.history.findLast(({ kind }) => kind === 'retraction' || kind === 'takedown');
  const note = change?.note ?? null;
  return [
    `${style.red(word)} ${what} ${style.dim(shortId(post.id))}`,
    ...(note === null ? [] : indented(plainText(note)).map(style.red)),
    '',
  ];
}

/** A channel with corrections of its headline and standfirst, or its changes. `before`: the channel as displayed. */
export function channelLines(channel: Channel, before: Channel | undefined, style: Style): string[] {
  if (before === undefined) {
    const standfirst = channel.standfirst === null ? [] : indented(plainText(channel.standfirst));
    const corrections = channel.history.filter(isCorrection).map((change) => `  ${noteOf(change, channel.timezone, style)}`);
    const state = channel.state === 'live' ? [] : [stateOf(channel)];
    return [style.bold(plainLine(channel.headline)), ...standfirst, ...corrections, ...state, ''];
  }
  const lines: string[] = [];
  if (channel.headline !== before.headline) {
    lines.push(
      `The headline was: ${style.struck(plainLine(before.headline))}`,
      `It is now: ${style.bold(plainLine(channel.headline))}`,
    );
  }
  if (channel.standfirst !== before.standfirst) lines.push(`Standfirst: ${plainText(channel.standfirst ?? 'nothing')}`);
  for (const { revision, note } of channel.history) {
    if (revision > before.revision && note !== null) lines.push(...indented(plainText(note)).map(style.yellow));
  }
  if (channel.picture?.url !== before.picture?.url || channel.picture?.alt !== before.picture?.alt) {
    lines.push(`Picture: ${channel.picture ? plainLine(`${channel.picture.alt} ${channel.picture.url}`.trim()) : 'none'}`);
  }
  if (channel.state !== before.state) lines.push(stateOf(channel));
  if (channel.pinnedPostId !== before.pinnedPostId) {
    lines.push(channel.pinnedPostId === null ? 'Nothing is pinned now.' : `Pinned: ${shortId(channel.pinnedPostId)}`);
  }
  return lines.length === 0 ? [] : [...lines, ''];
}

export function clockTime(time: string, timezone: string): string {
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  // An invalid time is printed as it is.
  if (Number.isNaN(Date.parse(time))) return plainLine(time);
  try {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: timezone }).format(new Date(time));
  } catch {
    return new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(new Date(time));
  }
}

function badges({ kind, keyEvent, verification, developing }: ReaderPost, style: Style): string[] {
  return [
    kind === 'breaking' && style.red('BREAKING'),
    kind === 'summary' && style.bold('SUMMARY'),
    kind === 'analysis' && 'ANALYSIS',
    keyEvent && style.bold('KEY EVENT'),
    (verification === 'unverified' || verification === 'disputed') && style.yellow(verification.toUpperCase()),
    developing && style.yellow('DEVELOPING'),
  ].filter((badge) => badge !== false);
}

function mediaLines({ media }: ReaderPost, style: Style): string[] {
  return media.map((item) => {
    const words = item.type === 'image' ? item.alt : item.type === 'link' ? item.title : (item.caption ?? '');
    return style.dim(`  [${plainLine(item.type)}${words === '' ? '' : `: ${plainLine(words)}`}] ${plainLine(item.url)}`);
  });
}

function credit({ authors, sources }: ReaderPost): string {
  const by = authors.map(({ name }) => plainLine(name)).join(', ');
  const from = sources.map(({ name, via }) => plainLine(via === undefined ? name : `${name} via ${via}`)).join(', ');
  return [by, from && `source: ${from}`].filter((part) => part !== '').join('; ');
}

function noteOf({ kind, note, at }: Change, timezone: string, style: Style): string {
  const title = `${kind === 'correction' ? 'Corrected' : 'Clarified'} ${clockTime(at, timezone)}`;
  return style.yellow(note === null ? title : `${title}: ${plainLine(note)}`);
}

/** The most important change comes first. */
function severity({ kind }: Change): number {
  return ['refile', 'update', 'clarification', 'correction'].indexOf(kind);
}

/** Changed fields: name, old value, new value. */
function changedFields(before: PrintablePost, post: PrintablePost): [string, string, string][] {
  return Object.values(fieldTexts).flatMap((fact) => {
    if (fact === 'not told') return [];
    const [name, of] = fact;
    const [from, to] = [of(before), of(post)];
    return from === to ? [] : [[name, from, to] as [string, string, string]];
  });
}

/** How to print each field besides headline and body: its name and its value. */
const fieldTexts: {
  readonly [F in Exclude<keyof PostFields, 'headline' | 'body'>]: [string, (post: PrintablePost) => string] | 'not told';
} = {
  verification: ['verification', ({ verification }) => plainLine(verification ?? '')],
  developing: ['developing', ({ developing }) => (developing ? 'more to follow' : '')],
  keyEvent: ['key event', ({ keyEvent }) => (keyEvent ? 'yes' : '')],
  kind: ['kind', ({ kind }) => plainLine(kind ?? '')],
  sources: ['sources', ({ sources = [] }) => sources.map(({ name }) => plainLine(name)).join(', ')],
  media: ['media', ({ media = [] }) => media.map(({ url }) => plainLine(url)).join(', ')],
  authors: 'not told',
  derivedFrom: 'not told',
};

function stateOf({ state }: Channel): string {
  switch (state) {
    case 'scheduled':
      return 'The coverage has not begun yet.';
    case 'live':
      return 'The coverage is live.';
    case 'ended':
      return 'The coverage has ended.';
  }
  // A state of a later server version.
  return `The coverage: ${plainLine(state)}.`;
}

function indented(text: string): string[] {
  return text === '' ? [] : text.split('\n').map((line) => (line === '' ? '' : `  ${line}`));
}
