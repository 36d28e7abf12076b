import type { AuthorPost, Channel } from '../../../../src/protocol/model.ts';
import { type Problem, problem } from '../../../../src/protocol/problems.ts';
import { isOfMedium, isReference } from '../../../../src/protocol/uploaded-media.ts';
import { apiPath } from '../../../lib/author-requests.ts';
import { bodyWithField, type HttpResponse, isObject, isTransient, ProblemError } from '../../../lib/http.ts';
import { queryString } from '../../../lib/platform.ts';
import { pictureIdOf } from '../pictures/uploads/pictures-in-writes.ts';
import type { Write } from './outbox-model.ts';
import type { Owner } from './stored-entry.ts';
import type { Found } from './transitions.ts';

/**
 * Finds out whether the server has executed a write whose answer was lost, after it may have forgotten the idempotency key. A
 * post of the author with this id, a revision of the author with these fields directly after the expected one, and a withdrawal
 * by the author are the write itself. A channel that is as the write would have left it needs no second write, whoever wrote it.
 * Everything else is for the author to decide.
 */

/** Reads a path with the session of the owner. Throws like `Http.request`. */
export type Read = (path: string) => Promise<HttpResponse>;

/** Throws if the server does not answer now, or nobody or somebody else is signed in. */
export async function lookUp(write: Write, owner: Owner, read: Read): Promise<Found> {
  try {
    return await find(write, owner, read);
  } catch (error) {
    if (!(error instanceof ProblemError) || !isFinal(error.problem)) throw error;
    return error.problem.status === 404 ? { is: 'absent' } : { is: 'refused', problem: error.problem };
  }
}

function isFinal(refusal: Problem): boolean {
  return refusal.status !== 401 && refusal.code !== 'owner-mismatch' && !isTransient(refusal);
}

function find(write: Write, owner: Owner, read: Read): Promise<Found> {
  switch (write.type) {
    case 'publish':
      return findPost(write, owner, read);
    case 'revise':
      return findRevision(write, owner, read);
    case 'retract':
    case 'takedown':
      return findWithdrawal(write, owner, read);
    case 'create-channel':
      return findChannel(write.channel.id, read, (channel) => channel.revision === 1 && holds(channel, write.channel));
    case 'update-channel':
      return findChannelUpdate(write, read);
  }
}

async function findPost(write: Extract<Write, { type: 'publish' }>, owner: Owner, read: Read): Promise<Found> {
  const { channelId, post: given } = write;
  const current = await readPost(channelId, given.id, read);
  const first = current.revision === 1 ? current : await readRevision(channelId, given.id, 1, read);
  // The text of a withdrawn or erased revision cannot be compared. The id was chosen for this post alone.
  const isSame = current.status !== 'published' || first === undefined || holds(first, given);
  if (isMine(current, owner) && isSame) return done(channelId, 1, read);
  return { is: 'conflict', problem: problem('post-exists', { current }) };
}

async function findRevision(write: Extract<Write, { type: 'revise' }>, owner: Owner, read: Read): Promise<Found> {
  const { channelId, postId, expected, revision: given } = write;
  const next = await readRevision(channelId, postId, expected + 1, read);
  const change = next?.history.find(({ revision }) => revision === expected + 1);
  if (next !== undefined && change?.by === owner.sub && change.kind === given.kind && holds(next, given.changes)) {
    return done(channelId, expected + 1, read);
  }
  const current = await readPost(channelId, postId, read);
  if (current.status !== 'published') return { is: 'conflict', problem: problem('post-withdrawn', { current }) };
  if (current.revision <= expected) return { is: 'absent' };
  return { is: 'conflict', problem: problem('revision-moved', { current }) };
}

async function findWithdrawal(
  { channelId, postId, type, expected }: Extract<Write, { type: 'retract' | 'takedown' }>,
  owner: Owner,
  read: Read,
): Promise<Found> {
  const current = await readPost(channelId, postId, read);
  const isWithdrawn = type === 'retract' ? current.status !== 'published' : current.status === 'taken-down';
  if (!isWithdrawn) {
    const moved = expected !== undefined && expected !== current.revision;
    return moved ? { is: 'conflict', problem: problem('revision-moved', { current }) } : { is: 'absent' };
  }
  const by = current.history.findLast(({ kind }) => kind === 'retraction' || kind === 'takedown')?.by;
  if (by === owner.sub) return done(channelId, current.revision, read);
  return { is: 'conflict', problem: problem('post-withdrawn', { current }) };
}

async function findChannelUpdate(
  { channelId, expected, patch }: Extract<Write, { type: 'update-channel' }>,
  read: Read,
): Promise<Found> {
  const { change: _change, ...fields } = patch;
  return findChannel(
    channelId,
    read,
    // A patch that changes nothing leaves the revision as it is.
    (channel) => holds(channel, fields) && (expected === '*' || [expected, expected + 1].includes(channel.revision)),
    (channel) => expected !== '*' && channel.revision <= expected,
  );
}

async function findChannel(
  channelId: string,
  read: Read,
  isDone: (channel: Channel) => boolean,
  isBefore: (channel: Channel) => boolean = () => false,
): Promise<Found> {
  const channel = bodyWithField<Channel>('revision', await read(apiPath(channelId)));
  if (isDone(channel)) return done(channelId, channel.revision, read);
  if (isBefore(channel)) return { is: 'absent' };
  return { is: 'conflict', problem: problem('revision-moved', { current: channel }) };
}

/** Reads the position last, so that it is after the write. */
async function done(channelId: string, revision: number, read: Read): Promise<Found> {
  const page = await read(`${apiPath(channelId)}/posts${queryString({ limit: 1 })}`);
  return { is: 'done', revision, cursor: bodyWithField<{ cursor: string }>('cursor', page).cursor };
}

async function readPost(channelId: string, postId: string, read: Read): Promise<AuthorPost> {
  return bodyWithField('revision', await read(apiPath(channelId, postId)));
}

/** Undefined if the post has no such revision, or its text was erased. */
async function readRevision(channelId: string, postId: string, revision: number, read: Read): Promise<AuthorPost | undefined> {
  const query = queryString({ after: revision - 1, limit: 1 });
  const page = await read(`${apiPath(channelId, postId)}/revisions${query}`);
  const { revisions } = bodyWithField<{ revisions: AuthorPost[] }>('revisions', page);
  return revisions.find((one) => one.revision === revision);
}

function isMine({ ownerKey, publishedBy }: AuthorPost, owner: Owner): boolean {
  return ownerKey === undefined ? publishedBy === owner.sub : ownerKey === owner.ownerKey;
}

/** Whether the post or channel has the given values. Fields that are not given have any value. */
export function holds(subject: object, given: object): boolean {
  const values = subject as Record<string, unknown>;
  return Object.entries(given).every(([field, value]) => value === undefined || isEqual(values[field], value, field));
}

/** What the server adds to a medium that was uploaded. */
const addedByServer: readonly string[] = ['width', 'height', 'renditions'];

/** `other`: as it was given. */
function isEqual(one: unknown, other: unknown, field: string): boolean {
  // The server writes times in UTC.
  if (field === 'startsAt' && typeof one === 'string' && typeof other === 'string') return Date.parse(one) === Date.parse(other);
  const isAddress = field === 'url' || field === 'image';
  if (isAddress && typeof one === 'string' && typeof other === 'string') return one === other || isUploadOf(one, other);
  if (!isObject(one) || !isObject(other)) return one === other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  if (typeof other.url === 'string' && isUpload(other.url)) for (const name of addedByServer) names.delete(name);
  names.delete('decorative');
  return Array.isArray(one) === Array.isArray(other) && [...names].every((name) => isEqual(one[name], other[name], name));
}

/** Whether the URL is a reference to an upload, or a picture of this device whose reference is not known here. */
function isUpload(url: string): boolean {
  return isReference(url) || pictureIdOf(url) !== undefined;
}

/** Whether the address on the server may be that of the given upload. */
function isUploadOf(address: string, given: string): boolean {
  const [, id] = /^media:([^/]+)/.exec(given) ?? [];
  return id !== undefined ? isOfMedium(address, id) : pictureIdOf(given) !== undefined && address.includes('/media/');
}
