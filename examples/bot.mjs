// A bot that passes on what an agency's wire says, and corrects it when the wire does. It reads one JSON object a line:
//
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "headline": "Earthquake of 5.1", "text": "No damage was reported."}
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "headline": "Earthquake of 5.4", "text": "…", "note": "It was 5.4, not 5.1."}
//   {"id": "quake-81", "at": "2026-11-24T12:00:00Z", "withdrawn": "The report was of an exercise."}
//
//   some-wire | PRESSBOX_URL=… PRESSBOX_TOKEN=… node bot.mjs budget-day
//
// It keeps nothing. The id of a post follows from the item's, so that a bot that was started again, or is handed a line twice, finds what it
// has published instead of publishing it once more; and each write has a key that says what it is, so that one whose answer was lost is
// not done twice. `AuthorClient` sends a write again until there is an answer.
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
  onRetry: (error, pauseMs) => console.error(`${error.message} Trying again in ${Math.ceil(pauseMs / 1_000)} s.`),
});

// One item after the other: a correction must not overtake what it corrects.
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  try {
    const item = itemIn(line);
    console.log(`${item.id}: ${await passOn(item)}`);
  } catch (error) {
    // Refused, or no item at all. The next one may be fine; someone should look at this one.
    if (!(error instanceof ProblemError || error instanceof SyntaxError)) throw error;
    console.error(`Not passed on: ${error.message}`);
    process.exitCode = 1;
  }
}

function itemIn(line) {
  const item = JSON.parse(line);
  if (typeof item?.id === 'string' && item.id !== '' && !Number.isNaN(Date.parse(item.at))) return item;
  throw new SyntaxError('An item has an "id", which is text, and a time "at".');
}

async function passOn({ id, at, headline, text, note, withdrawn }) {
  const postId = newPostId(Date.parse(at), createHash('sha256').update(id).digest().subarray(0, 10));
  const key = (revision) => `wire:${postId}:${revision}`;
  const standing = await find(postId);

  if (standing === undefined) {
    if (withdrawn !== undefined) return 'never published';
    const post = { id: postId, headline, body: text, sources: [{ name: 'Wire' }] };
    await author.publish(channelId, post, { key: key(1) });
    return 'published';
  }
  if (isWithdrawn(standing)) return 'withdrawn already';
  if (standing.history.some(({ by }) => by !== standing.publishedBy)) return 'left to the desk, which has changed it';

  const { revision } = standing;
  if (withdrawn !== undefined) {
    await author.retract(channelId, postId, { note: withdrawn, revision }, { key: key(revision + 1) });
    return 'retracted';
  }
  if (standing.headline === headline && standing.body === text) return 'known already';
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
