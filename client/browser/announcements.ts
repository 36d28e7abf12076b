import { isWithdrawn, type ReaderPost } from '../../src/protocol/model.ts';
import { correctionsOf } from '../lib/read-post.ts';
import type { News, Words } from './i18n/words.ts';
import { newsText } from './view/wording/counts.ts';
import type { Setting } from './view/wording/time.ts';

/** What screen readers are told of changes. Pure. */
export interface Change {
  counts: keyof News;
  sentence: string;
  /** Said in its own words even among many changes: breaking news, or a correction with its note. */
  isUrgent: boolean;
}

/** The most changes that are said in their own words after the counts, the latest ones. */
const mostUrgent = 3;

/** What to say of changes that came together: one in its own words, several as counts, and the urgent ones among them. */
export function announcementOf(changes: readonly Change[], setting: Pick<Setting, 'words' | 'language'>): string {
  if (changes.length < 2) return changes[0]?.sentence ?? '';
  const count = (counts: keyof News) => changes.filter((change) => change.counts === counts).length;
  const news = { posts: count('posts'), corrections: count('corrections'), withdrawals: count('withdrawals') };
  const urgent = changes.filter(({ isUrgent }) => isUrgent).slice(-mostUrgent);
  const counted = newsText(news, setting);
  return [urgent.length > 0 ? `${counted}.` : counted, ...urgent.map(({ sentence }) => sentence)].join(' ');
}

/** `counts`: what the change counts as. */
export function changeOf(post: ReaderPost, counts: keyof News, words: Words): Change {
  const isBreaking = counts === 'posts' && post.kind === 'breaking';
  return { counts, sentence: sentenceOf(post, counts, words), isUrgent: isBreaking || counts === 'corrections' };
}

function sentenceOf(post: ReaderPost, as: keyof News, words: Words): string {
  if (post.status === 'retracted') return `${words.saidRetracted} ${post.history.at(-1)?.note ?? ''}`.trim();
  if (isWithdrawn(post)) return words.saidRemoved;
  if (as === 'posts') {
    const said = post.headline === null ? words.saidNew : words.saidNewNamed(post.headline);
    return post.kind === 'breaking' ? `${words.kinds.breaking}${words.colon}${said}` : said;
  }
  const name = post.headline === null ? words.aPost : words.named(post.headline);
  const last = correctionsOf(post).at(-1);
  const said = last?.kind === 'clarification' ? words.saidClarified : words.saidCorrected;
  return said(name, last?.note ?? '');
}
