import { postAnchor } from '../../../src/protocol/addresses.ts';
import { pageMost } from '../../../src/protocol/client-limits.ts';
import { LiveReader } from '../../lib/live-reader.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import { fromSnapshot, type Timeline } from '../../lib/timeline/timeline.ts';
import { Announcer } from '../announcer.ts';
import { isForMembers, mayStay, Status } from '../connection-status.ts';
import { isLoaded, loadWords } from '../i18n/index.ts';
import { keepPlace } from '../scroll-anchor.ts';
import { Times } from '../time-display.ts';
import { counted } from '../view/counts.ts';
import { dataElementId, liveBlogElementId, type PageData } from '../view/data.ts';
import { wordsOf } from '../view/time.ts';
import { pageWordsOf } from '../view/wording.ts';
import { LiveView } from './live-view.ts';
import { SinceYouLeft } from './missed-summary.ts';
import { comeBack } from './scroll-restore.ts';
import { enableSharing, postOf } from './share.ts';

/**
 * The script of a channel's page. Goes on from the cursor that the page was made at, puts each change in its place, and leaves what
 * someone reads where it is. The list of channels has a script of its own, `front.ts`.
 */
const data = takeData();
if (data !== null) void loadWords(data.snapshot.channel.language).then(() => run(data));

/** Reads what the server left for the script, and takes it out of the document: a text that is withdrawn later must not stay in it. */
function takeData(): PageData | null {
  const element = document.getElementById(dataElementId);
  if (element === null) return null;
  element.remove();
  return JSON.parse(element.textContent ?? 'null');
}

function run(page: PageData): void {
  const started = timelineOf(page);
  const times: Times = new Times({
    setting: started.channel,
    renderInZone: () => {
      view.show(client.timeline ?? started);
      showStatus();
    },
    within: (change) => keepPlace(view.posts, change),
  });
  const view = new LiveView(started, page.marked, times);
  const words = () => wordsOf(view.channel);
  const announcer = new Announcer(() => view.channel);
  const status = new Status();
  const client = new LiveReader({ url: location.origin, channelId: started.channelId, timeline: started, asOf: page.at });
  const since = new SinceYouLeft({
    element: view.since,
    timeline: () => view.timeline,
    posts: view.posts,
    say: (sentence) => announcer.sayInstead(sentence),
    dress: times.dress,
  });
  const showStatus = () => status.show(client.state, view.channel, client.trueAt);

  const forgetLiveBlog = () => document.getElementById(liveBlogElementId)?.remove();

  client.on('reset', () => {
    forgetLiveBlog();
    since.forget();
    view.revealNext();
  });
  client.on('event', (event, before) => {
    announcer.tell(event, before);
    since.hear(event);
    view.hear(event);
  });
  const letGo = () => {
    const { excess } = view;
    if (excess !== undefined) client.narrow(excess.floor, excess.ceiling);
  };
  const show = (timeline: Timeline) => {
    view.show(timeline);
    times.show(timeline.channel);
    since.render();
    showStatus();
    letGo();
  };
  client.on('timeline', (timeline) => {
    if (timeline.offset !== page.offset) forgetLiveBlog();
    if (isLoaded(timeline.channel.language)) return show(timeline);
    // The coverage has taken another language: what is the newest by then is shown in it.
    loadWords(timeline.channel.language).then(() => show(client.timeline ?? timeline));
  });
  client.on('state', (state: ReaderState) => {
    showStatus();
    since.onState(state);
    if (state.status !== 'ended' || mayStay(state, view.channel)) return;
    forgetLiveBlog();
    since.forgetForGood();
    view.clear(isForMembers(state) ? words().forMembers : status.said);
  });

  window.addEventListener('offline', showStatus);
  document.addEventListener('visibilitychange', () => {
    view.onVisible();
    // What it is true as of may have become another day.
    showStatus();
  });
  window.addEventListener('scroll', () => view.onScroll(), { passive: true });
  view.button.addEventListener('click', () => view.revealHeldBack());
  document.addEventListener('click', (click) => {
    const link = (click.target as Element).closest('a');
    if (link === null || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey || click.button !== 0) return;
    const id = postOf(link, started.channelId);
    if (id !== undefined && view.post(id) !== undefined) {
      click.preventDefault();
      // It may wait to be shown.
      if (document.getElementById(postAnchor(id)) === null) view.reveal();
      // Other than `location.hash`, this leads there again and again.
      location.href = `#${postAnchor(id)}`;
      return;
    }
    const way = link.dataset.page as 'older' | 'newer' | undefined;
    if (way === undefined) return;
    click.preventDefault();
    view
      .page(way, () => (way === 'older' ? client.loadOlder() : client.loadNewer()))
      .then((count) => {
        letGo();
        const { saidOlder, saidNewer } = pageWordsOf(view.channel);
        announcer.say(counted(way === 'older' ? saidOlder : saidNewer, count, view.channel));
      })
      // Without an answer the link does what it does without the script, unless that takes away what there is to read.
      .catch(() => (status.isWaiting ? announcer.say(status.said) : location.assign(link.href)));
  });

  enableSharing(words, (sentence) => announcer.say(sentence));
  showStatus();
  times.start();
  const isBack = comeBack({
    posts: view.posts,
    timeline: () => client.timeline ?? started,
    load: (way) => view.load(way, () => (way === 'older' ? client.loadOlder(pageMost) : client.loadNewer(pageMost))),
    moveTo: (seq) => view.load('older', () => client.moveTo(seq + 1)),
  });
  view.openAtMarked(isBack);
  client.open();
}

/** The window that the page shows: down from the newest post, or from a place below it, where new posts have no room. */
function timelineOf({ snapshot, offset, floor, ceiling, newest }: PageData): Timeline {
  const timeline = fromSnapshot(snapshot, offset);
  return { ...timeline, floor, ceiling, newestSeq: Math.max(timeline.newestSeq, newest) };
}
