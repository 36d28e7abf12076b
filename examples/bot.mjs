// A bot that publishes the items of an agency's wire, and corrects a post when the wire corrects it. It reads one JSON object per line:
//
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "headline": "Earthquake of 5.1", "text": "No damage was reported."}
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "headline": "Earthquake of 5.4", "text": "…", "note": "It was 5.4, not 5.1."}
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "withdrawn": "The report was of an exercise."}
//
//   some-wire | PRESSBOX_URL=… PRESSBOX_TOKEN=… node bot.mjs budget-day
//
// It stores nothing. The id of a post is derived from the id of the item, so a bot that is restarted or reads a line twice finds the post
// instead of publishing it again. The idempotency key of a write is derived from the post and its revision, so a write whose answer was lost
// is not repeated. `AuthorClient` retries a write until there is an answer.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { AuthorClient, isWithdrawn, newPostId, ProblemError } from 'pressbox/client';

const [channelId] = process.argv.slice(2);
const { PRESSBOX_URL: url = 'http://127.0.0.1:4000', PRESSBOX_TOKEN: token } = process.env;
if (channelId === undefined || token === undefined) {
  console.error('Usage: PRESSBOX_TOKEN=… node bot.mjs CHANNEL < items.ndjson');
  process.exit(2);
}

const author = new AuthorClient({
  url,
  token,
  onRetry: (error, pauseMs) => console.error(`${error.message} Retrying in ${Math.ceil(pauseMs / 1_000)} s.`),
});

// Handles one item at a time, so that a correction does not overtake its post.
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  try {
    const item = itemIn(line);
    console.log(`${item.id}: ${await publishItem(item)}`);
  } catch (error) {
    // The server refused the item, or the line is not an item. Report it and continue with the next one.
    if (!(error instanceof ProblemError || error instanceof SyntaxError)) throw error;
    console.error(`Not published: ${error.message}`);
    process.exitCode = 1;
  }
}

function itemIn(line) {
  const item = JSON.parse(line);
  if (typeof item?.id === 'string' && item.id !== '' && !Number.isNaN(Date.parse(item.at))) return item;
  throw new SyntaxError('An item must have an "id", which is text, and a time "at".');
}

async function publishItem({ id, at, headline, text, note, withdrawn }) {
  const postId = newPostId(Date.parse(at), createHash('sha256').update(id).digest().subarray(0, 10));
  const key = (revision) => `wire:${postId}:${revision}`;
  const current = await find(postId);

  if (current === undefined) {
    if (withdrawn !== undefined) return 'never published';
    const post = { id: postId, headline, body: text, sources: [{ name: 'Wire' }] };
    await author.publish(channelId, post, { key: key(1) });
    return 'published';
  }
  if (isWithdrawn(current)) return 'already withdrawn';
  if (current.history.some(({ by }) => by !== current.publishedBy)) return 'left unchanged, because the newsroom has edited it';

  const { revision } = current;
  if (withdrawn !== undefined) {
    await author.retract(channelId, postId, { note: withdrawn, revision }, { key: key(revision + 1) });
    return 'retracted';
  }
  if (current.headline === headline && current.body === text) return 'already published';
  const change = note === undefined ? { kind: 'update' } : { kind: 'correction', note };
  await author.revise(channelId, postId, revision, { ...change, changes: { headline, body: text } }, { key: key(revision + 1) });
  return note === undefined ? 'updated' : 'corrected';
}

async function find(postId) {
  try {
    return await author.getPost(channelId, postId);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'not-found') return undefined;
    throw error;
  }
}
