// A page of your own, on your own origin: shows a channel and keeps it true. README.md, beside this folder, says how to start it.
import { correctionsOf, isWithdrawn, ReaderClient, reachedEnd } from 'pressbox/client';

const element = (id) => document.getElementById(id);
const { server, channel: channelId } = element('live').dataset;
const reader = new ReaderClient({ url: server, channelId });

/** Post id → what is shown of it. A post that did not change is the same object, and its element is left alone. */
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
    offline: 'No connection. What you see may be old; it is being tried again.',
    ended: 'The coverage cannot be followed any more.',
  }[state.status];
  element('live').dataset.state = state.status;
  // What may not be read any more, as of a channel that was deleted, is not shown any more.
  if (state.status === 'ended' && reader.timeline === undefined) {
    shown.clear();
    element('posts').replaceChildren();
    element('older').hidden = true;
  }
});

// The channel has another history: what was drawn of the old one is void.
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
  // Every string is text and set as such. `html` alone is markup: it was rendered by the server and is safe as it is.
  if (post.headline) item.append(create('h2', { textContent: post.headline }));
  item.append(create('div', { innerHTML: post.html }));
  for (const { kind, note, at } of correctionsOf(post)) {
    item.append(
      create('p', {
        className: 'change',
        // A note may have been erased.
        textContent: `${kind === 'correction' ? 'Correction' : 'Clarification'}, ${clock(at)}${note === null ? '' : `: ${note}`}`,
      }),
    );
  }
  return item;
}

function create(name, properties) {
  return Object.assign(document.createElement(name), properties);
}
