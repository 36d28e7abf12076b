import { channelPath, correctionsPath, postPath, versionsPath } from '../../../../src/protocol/addresses.ts';
import type { Change, Channel, Media } from '../../../../src/protocol/model.ts';
import { words as en } from '../../i18n/en.ts';
import { wordsIn } from '../../i18n/index.ts';
import { type VersionWords, versionWordsIn } from '../../i18n/versions.ts';
import type { Words } from '../../i18n/words.ts';
import { directionOf, turned } from '../direction.ts';
import { type Html, html, nothing } from '../html.ts';
import { addressOn } from '../links.ts';
import { settingOf } from '../page/page.ts';
import { numberText } from '../wording/counts.ts';
import { clockBeside, type Setting } from '../wording/time.ts';
import { correctionWordsOf } from '../wording/wording.ts';
import type { Piece } from './diff.ts';

/** The page of a post's earlier versions: each change with the removed and the added words. */

/** A post at one revision. */
export interface Version {
  revision: number;
  /** Null: the first publication. */
  change: Change | null;
  publishedAt: string;
  headline: string | null;
  /** The text of its html, as plain text. */
  text: string;
  beside: readonly Beside[];
}

/** A detail of a post besides its text: media, a source, an author, or a mark such as breaking. */
export interface Beside {
  what: Media['type'] | 'source' | 'author' | 'mark';
  /** Two details of a kind with the same id are the same thing, even if their text differs. */
  id: string;
  /** The text shown to readers. For a mark, its id. */
  text: string;
}

/** A changed detail, with the removed and the added text. */
export interface Line extends Pick<Beside, 'what'> {
  pieces: Piece[];
}

export type Step =
  /** Compared with the previous version. `lines`: the changed details. */
  | { status: 'compared'; version: Version; headline: Piece[]; text: Piece[]; lines: Line[] }
  /** Too much changed to compare word by word. */
  | { status: 'both'; version: Version; before: Version; lines: Line[] }
  /** The first version, or the first after an erased one. */
  | { status: 'whole'; version: Version }
  /** The revisions `from` to `to` were erased for everyone. */
  | { status: 'erased'; from: number; to: number };

/** Compares two texts. Undefined if too much changed to compare word by word. */
export type Diff = (before: string, after: string) => Piece[] | undefined;

/** The changes from one version to the next. */
export type Comparison =
  | Pick<Extract<Step, { status: 'compared' }>, 'status' | 'headline' | 'text' | 'lines'>
  | { status: 'both'; lines: Line[] };

/**
 * Compares the headline, the text and the other details, always in this order, because `diff` may replay recorded comparisons in
 * the order in which they were made.
 */
export function compareVersions(before: Version, version: Version, diff: Diff): Comparison {
  const headline = diff(before.headline ?? '', version.headline ?? '');
  const text = diff(before.text, version.text);
  const lines = linesOf(before.beside, version.beside, diff);
  return headline === undefined || text === undefined ? { status: 'both', lines } : { status: 'compared', headline, text, lines };
}

/**
 * The steps from revision `floor` to revision `top`, newest first. `versions`: the existing ones in any order, including the one
 * below `floor`.
 */
export function stepsOf(
  versions: readonly Version[],
  floor: number,
  top: number,
  compare: (before: Version, version: Version) => Comparison,
): Step[] {
  const byRevision = new Map(versions.map((version) => [version.revision, version]));
  const steps: Step[] = [];
  for (let revision = top; revision >= floor; revision -= 1) {
    const version = byRevision.get(revision);
    const last = steps.at(-1);
    if (version !== undefined) steps.push(stepTo(version, byRevision.get(revision - 1), compare));
    else if (last?.status === 'erased') last.from = revision;
    else steps.push({ status: 'erased', from: revision, to: revision });
  }
  return steps;
}

function stepTo(version: Version, before: Version | undefined, compare: (before: Version, version: Version) => Comparison): Step {
  if (before === undefined) return { status: 'whole', version };
  const comparison = compare(before, version);
  return comparison.status === 'both' ? { ...comparison, version, before } : { ...comparison, version };
}

/** Removed details, then added and changed ones. Their order is ignored. */
function linesOf(before: readonly Beside[], after: readonly Beside[], diff: Diff): Line[] {
  const old = keyed(before);
  const came: Line[] = [];
  for (const [key, { what, text }] of keyed(after)) {
    const was = old.get(key);
    old.delete(key);
    if (was === undefined) came.push({ what, pieces: [{ kind: 'added', text }] });
    else if (was.text !== text) came.push({ what, pieces: diff(was.text, text) ?? replaced(was.text, text) });
  }
  const went = [...old.values()].map(({ what, text }): Line => ({ what, pieces: [{ kind: 'removed', text }] }));
  return [...went, ...came];
}

function replaced(before: string, after: string): Piece[] {
  return [
    { kind: 'removed', text: before },
    { kind: 'added', text: after },
  ];
}

/** A post may contain the same picture twice. */
function keyed(all: readonly Beside[]): Map<string, Beside> {
  const found = new Map<string, Beside>();
  for (const one of all) {
    for (let nth = 1; ; nth += 1) {
      const key = JSON.stringify([one.what, one.id, nth]);
      if (found.has(key)) continue;
      found.set(key, one);
      break;
    }
  }
  return found;
}

export interface VersionsShown {
  channel: Channel;
  postId: string;
  /** What the paths of the server begin with. */
  basePath: string;
  steps: readonly Step[];
  /** Each step as rendered by `renderVersion`. Default: rendered here. */
  sections?: readonly Html[] | undefined;
  /** The revision to request the next page of older changes with. Null if there is none. */
  older: number | null;
  /** Whether there are newer changes than these. */
  newer: boolean;
}

/** "Earlier versions: The harbour fire". */
export function versionsTitle({ language, headline }: Channel): string {
  const { earlierVersions, colon } = wordsIn(language) ?? en;
  return `${earlierVersions}${colon}${headline}`;
}

/** The whole page except its bar. */
export function renderVersions({ channel, postId, steps, sections, older, newer, basePath }: VersionsShown): Html {
  const to = (path: string) => addressOn({ basePath }, path);
  const context = versionContextFor(channel);
  const { words, own } = context;
  return html`<div lang="${words.language}" dir="${directionOf(words.language)}">
<header class="head"><p class="section"><a href="${to(channelPath(channel.id))}" lang="${channel.language}">${turned(html`<bdi>${channel.headline}</bdi>`, context.setting)}</a></p><h1>${words.earlierVersions}</h1>
<p class="standfirst">${own.legend}</p></header>
<div class="alone">${steps.length === 0 && html`<p class="empty">${words.nothingOlder}</p>`}${sections ?? steps.map((step) => renderStep(step, context))}</div>
<nav class="pages" aria-label="${words.earlierVersions}"><a class="step" href="${to(postPath(channel.id, postId))}">${own.toPost}</a>${
    newer && html`<a class="step" href="${to(versionsPath(channel.id, postId))}">${own.newestChanges}</a>`
  }${
    older !== null &&
    html`<a class="step" rel="next" href="${to(versionsPath(channel.id, postId))}?before=${older}">${own.olderChanges}</a>`
  }<a class="step" href="${to(correctionsPath(channel.id))}">${correctionWordsOf({ words, language: channel.language }).corrections}</a></nav>
</div>`;
}

/** One step of the page. */
export function renderVersion(step: Step, channel: Channel): Html {
  return renderStep(step, versionContextFor(channel));
}

/** The words, times and language of a channel's page. */
export interface VersionContext {
  setting: Setting;
  words: Words;
  own: VersionWords;
}

/** The part of a channel that its versions are drawn with. */
export type VersionSetting = Pick<Channel, 'language' | 'timezone' | 'url'>;

/** `basePath`: what the paths of the server begin with, for a page that links to posts. */
export function versionContextFor(channel: VersionSetting, basePath?: string): VersionContext {
  const words = wordsIn(channel.language) ?? en;
  return { setting: { ...settingOf(channel, basePath), words }, words, own: versionWordsIn(words.language) };
}

function renderStep(step: Step, context: VersionContext): Html {
  const { own } = context;
  if (step.status === 'erased') {
    const { from, to } = step;
    const named = (revision: number) => own.version(numberText(revision, context.setting));
    const name = from === to ? named(to) : `${named(from)} – ${named(to)}`;
    return html`<section class="version"><h2>${name}</h2><p class="note">${from === to ? own.erased : own.erasedMany}</p></section>`;
  }
  const { version } = step;
  return html`<section class="version" data-revision="${version.revision}">${renderChange(version, context)}${renderComparison(step, context)}</section>`;
}

/** "Correction, Nov 24, 2026, 14:05 UTC" with the note below. */
function renderChange({ change, publishedAt }: Version, { setting, words, own }: VersionContext): Html {
  const at = clockBeside(change?.at ?? publishedAt, null, setting);
  const label =
    change === null ? own.published : change.kind === 'refile' ? own.refile : (words.changes[change.kind] ?? words.changed);
  return html`<h2>${label}${words.comma}${at}</h2>${change?.note != null && turned(html`<p class="note" lang="${setting.language}" dir="auto">${change.note}</p>`, setting)}`;
}

/** The changes of the headline, the text and further details. */
export function renderComparison(step: Exclude<Step, { status: 'erased' }>, context: VersionContext): Html {
  const { own } = context;
  const same = (text: string): Piece[] => (text === '' ? [] : [{ kind: 'same', text }]);
  const whole = ({ headline, text }: Version) => texts(same(headline ?? ''), same(text), context);
  switch (step.status) {
    case 'whole': {
      const lines = step.version.beside.map(({ what, text }): Line => ({ what, pieces: same(text) }));
      return html`${step.version.revision > 1 && html`<p class="hint">${own.erasedBefore}</p>`}${whole(step.version)}${listed(lines, context)}`;
    }
    case 'both':
      return html`<p class="hint">${own.tooMuch}</p><h3 class="label-line">${own.before}</h3>${whole(step.before)}<h3 class="label-line">${own.after}</h3>${whole(step.version)}${listed(step.lines, context)}`;
    default: {
      const isSame = [...step.headline, ...step.text].every(({ kind }) => kind === 'same');
      const hint = isSame && html`<p class="hint">${step.lines.length > 0 ? own.besideWords : own.noWord}</p>`;
      return html`${hint}${texts(step.headline, step.text, context)}${listed(step.lines, context)}`;
    }
  }
}

/** "Picture: A ferry at the quay". A mark is shown as on posts. */
function listed(lines: readonly Line[], context: VersionContext): Html {
  const { setting, words, own } = context;
  if (lines.length === 0) return nothing;
  const marks: Record<string, string> = {
    ...words.kinds,
    ...words.verification,
    key: words.keyEvent,
    developing: words.developing,
  };
  return html`<ul class="beside">${lines.map(({ what, pieces }) => {
    if (what !== 'mark')
      return html`<li>${own.beside[what]}${words.colon}<bdi lang="${setting.language}" dir="${dirOf(pieces, context)}">${marked(pieces, context)}</bdi></li>`;
    return html`<li>${marked(
      pieces.map(({ kind, text }) => ({ kind, text: marks[text] ?? text })),
      context,
    )}</li>`;
  })}</ul>`;
}

function texts(headline: readonly Piece[], text: readonly Piece[], context: VersionContext): Html {
  const written = (as: string, pieces: readonly Piece[]) =>
    pieces.length > 0 &&
    html`<div class="${as}" lang="${context.setting.language}" dir="${dirOf(pieces, context)}">${marked(pieces, context)}</div>`;
  return html`${written('headline', headline)}${written('text', text)}`;
}

/** Goes by the post's text alone: the words "added" and "removed" may be in another language. */
function dirOf(pieces: readonly Piece[], { setting }: VersionContext): 'rtl' | 'auto' {
  const text = html`<bdi>${pieces.map(({ text }) => text)}</bdi>`;
  return turned(text, setting).text === text.text ? 'auto' : 'rtl';
}

/** Says in words what is added and removed, for screen readers. */
function marked(pieces: readonly Piece[], { words, own }: VersionContext): Html {
  const hidden = (word: string) =>
    html`<span class="visually-hidden" lang="${words.language}" dir="${directionOf(words.language)}"> ${word} </span>`;
  return html`${pieces.map(({ kind, text }) => {
    if (kind === 'same') return text;
    if (kind === 'added') return html`<ins>${hidden(own.added)}${text}${hidden(own.end)}</ins>`;
    return html`<del>${hidden(own.removed)}${text}${hidden(own.end)}</del>`;
  })}`;
}
