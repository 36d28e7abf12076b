// A page on your own origin that shows a channel and keeps it up to date. README.md next to this folder says how to start it.
import { correctionsOf, isWithdrawn, ReaderClient, reachedEnd } from 'pressbox/client';

const element = (id) => document.getElementById(id);
const { server, channel: channelId } = element('live').dataset;
const reader = new ReaderClient({ url: server, channelId });

/** Post id → its element. An unchanged post is the same object, so its element is reused. */
const shown = new Map();

reader.on('timeline', (timeline) => {
  const { channel, posts } = timeline;
  document.title = channel.headline;
  element('headline').textContent = channel.headline;
  element('older').hidden = reachedEnd(timeline);

  const clock = new Intl.DateTimeFormat(channel.language, { timeZone: channel.timezone, timeStyle: 'short' });
  const items = posts.map((post) => {
    const before = shown.get(post.id);
    if (before?.post === post) return before.item;
    const item = draw(post, (at) => clock.format(new Date(at)));
    shown.set(post.id, { post, item });
    return item;
  });
  element('posts').replaceChildren(...items);
});

reader.on('state', (state) => {
  element('state').textContent = {
    live: 'Live',
    'catching-up': 'Catching up…',
    offline: 'No connection. What you see may be out of date. Reconnecting…',
    ended: 'This coverage is no longer available.',
  }[state.status];
  element('live').dataset.state = state.status;
  // There is no timeline if the channel can no longer be read, for example because it was deleted.
  if (state.status === 'ended' && reader.timeline === undefined) {
    shown.clear();
    element('posts').replaceChildren();
    element('older').hidden = true;
  }
});

// The channel has a different history, so everything shown is void.
reader.on('reset', () => shown.clear());

element('older').addEventListener('click', () => reader.loadOlder().catch((error) => console.error(error)));
reader.open();

function draw(post, clock) {
  const item = create('li', { id: `post-${post.id}` });
  item.append(create('time', { dateTime: post.publishedAt, textContent: clock(post.publishedAt) }));
  if (isWithdrawn(post)) {
    item.className = 'withdrawn';
    item.append(' This post was withdrawn. ', post.history.at(-1)?.note ?? '');
    return item;
  }
  // All strings are plain text except `html`. The server has sanitized it, so it is safe to insert.
  if (post.headline) item.append(create('h2', { textContent: post.headline }));
  item.append(create('div', { innerHTML: post.html }));
  for (const { kind, note, at } of correctionsOf(post)) {
    item.append(
      create('p', {
        className: 'change',
        // The note can be null after an erasure.
        textContent: `${kind === 'correction' ? 'Correction' : 'Clarification'}, ${clock(at)}${note === null ? '' : `: ${note}`}`,
      }),
    );
  }
  return item;
}

function create(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
