import type { Redis } from 'ioredis';
import type { AuthorPost } from '../../../protocol/model.ts';
import { withEveryField } from '../../../protocol/post-fields.ts';
import { channelFrom } from '../../entry-record.ts';
import type { MovedEntry } from '../../migrate/movable-store.ts';
import { tagsOf } from '../../post-tags.ts';
import { channelSubject, labelOf, placeOfTag, storedTag, textOf } from '../codec.ts';
import { timeOf } from '../connection/replicas.ts';
import { channelKeys, registered, registry } from '../keys.ts';
import type { Command } from './load-records.ts';

interface LoadedPost {
  seq: number;
  erased: number;
  /** Stored tags. */
  tags: string[];
}

/** Turns entries of a channel into commands that append them, as `append.lua` does, to what is already there. */
export class ChannelLoader {
  readonly channelId: string;
  readonly #redis: Redis;
  readonly #root: string;
  readonly #keys: string[];
  readonly #posts = new Map<string, LoadedPost>();
  /** The line of the channel in the index, without `salt`. */
  #own: string[] = [];

  constructor(redis: Redis, channelId: string, root: string) {
    this.#redis = redis;
    this.channelId = channelId;
    this.#root = root;
    this.#keys = channelKeys(channelId);
  }

  /** Only the posts of these entries, because a channel can have a great many. */
  async #learn(entries: readonly MovedEntry[]): Promise<void> {
    const all = [...new Set([channelSubject, ...entries.map(({ facts }) => facts.postId ?? channelSubject)])];
    const lines = await this.#redis.hmget(this.#key('index'), ...all);
    this.#posts.clear();
    for (const [at, who] of all.entries()) {
      const line = lines[at];
      if (line) this.#know(who, line.split(' '));
    }
  }

  #know(who: string, line: string[]): void {
    if (who === channelSubject) {
      this.#own = line.slice(0, 7);
      return;
    }
    const [, , seq, erased, , tags = ''] = line;
    this.#posts.set(who, { seq: Number(seq), erased: Number(erased), tags: tags.split(',').filter((tag) => tag !== '') });
  }

  /** Call only after the commands of the last call have run. */
  async commands(entries: readonly MovedEntry[]): Promise<Command[]> {
    await this.#learn(entries);
    const commands = entries.flatMap((entry) => this.#append(entry));
    return [...commands, ...(await this.#erasures(entries))];
  }

  #append(entry: MovedEntry): Command[] {
    const { facts, offset, listed, content, check, text } = entry;
    const { type, postId, revision, kind, at, by, erases } = facts;
    const who = postId ?? channelSubject;
    const seq = entry.seq === null ? '' : String(entry.seq);
    const fields = ['root', this.#root, 'type', type, 'post', who, 'seq', seq, 'revision', String(revision), 'kind', kind ?? ''];
    const rest = ['at', at, 'by', by, 'listed', listed ? '1' : '', 'content', content, 'check', check];
    const erasure = typeof erases === 'number' ? ['erases', String(erases)] : [];
    const commands: Command[] = [['XADD', this.#key('journal'), `${offset}-0`, ...fields, ...rest, ...erasure]];
    const place = `${who}:${revision}`;
    if (text !== null) {
      commands.push(['HSET', this.#key('texts'), place, textOf(text)], ['HSET', this.#key('labels'), place, labelOf(text)]);
    }
    commands.push(['ZADD', this.#key('changes'), String(offset), who]);
    if (listed) commands.push(['ZADD', this.#key('listed'), String(offset), String(offset)]);
    commands.push(...(postId === null ? this.#placeChannel(entry) : this.#placePost(postId, entry)));
    commands.push(['HSET', this.#key('index'), channelSubject, [...this.#own, this.#root].join(' ')]);
    return commands;
  }

  #placeChannel({ facts, offset, text }: MovedEntry): Command[] {
    const { state, access, createdAt, pinnedPostId } = channelFrom(text?.state as string);
    const created = Date.parse(createdAt);
    const latest = this.#own[6] ?? '-';
    this.#own = [String(facts.revision), String(offset), state, access, String(created), pinnedPostId ?? '-', latest];
    return [['ZADD', registry.channels, '0', registered(created, this.channelId)]];
  }

  #placePost(id: string, { facts, offset, seq, text, erasedThrough, publishedAt }: MovedEntry): Command[] {
    const commands: Command[] = [];
    const place = seq ?? offset;
    const post = this.#posts.get(id) ?? { seq: place, erased: 0, tags: [] };
    if (!this.#posts.has(id)) {
      this.#posts.set(id, post);
      this.#own[6] = publishedAt ?? '-';
      commands.push(['ZADD', this.#key('posts'), String(place), id]);
    }
    // A revision whose text is erased has a later one, which brings the tags of the post.
    const state = text && withEveryField(JSON.parse(text.state) as Omit<AuthorPost, 'seq' | 'html'>);
    const tags = state === null ? [] : tagsOf(state).map((tag) => storedTag(tag, this.#root));
    const [gone, added] = [post.tags.filter((tag) => !tags.includes(tag)), tags.filter((tag) => !post.tags.includes(tag))];
    if (gone.length > 0) commands.push(['ZREM', this.#key('tags'), ...gone.map((tag) => placeOfTag(tag, place))]);
    if (added.length > 0) commands.push(['ZADD', this.#key('tags'), ...added.flatMap((tag) => ['0', placeOfTag(tag, place)])]);
    post.tags = tags.toSorted();
    // An erasure never includes the revision of the entry that makes it.
    post.erased = Math.max(post.erased, Math.min(erasedThrough, facts.revision - 1));
    const line = [facts.revision, offset, place, post.erased, publishedAt ?? '-', post.tags.join(',')].join(' ');
    commands.push(['HSET', this.#key('index'), id, line]);
    return commands;
  }

  /** Removes the texts that were loaded before they were erased in the source, and notes that files may still have them. */
  async #erasures(entries: readonly MovedEntry[]): Promise<Command[]> {
    const ids = new Set(
      entries.flatMap(({ facts, erasedThrough }) => (facts.postId !== null && erasedThrough > 0 ? [facts.postId] : [])),
    );
    const written = new Set(entries.flatMap(({ facts, text }) => (text === null ? [] : [`${facts.postId}:${facts.revision}`])));
    const commands: Command[] = [];
    for (const id of ids) {
      const { erased } = this.#posts.get(id) as LoadedPost;
      const places = Array.from({ length: erased }, (_, before) => `${id}:${before + 1}`);
      if (places.length === 0) continue;
      const kept = await this.#redis.hmget(this.#key('labels'), ...places);
      const left = places.filter((place, at) => kept[at] !== null || written.has(place));
      if (left.length === 0) continue;
      commands.push(['HDEL', this.#key('texts'), ...left], ['HDEL', this.#key('labels'), ...left]);
      commands.push(['ZADD', this.#key('owed'), String((entries.at(-1) as MovedEntry).offset), id]);
      commands.push(['ZADD', registry.pendingErasures, String(await timeOf(this.#redis)), this.channelId]);
    }
    return commands;
  }

  #key(name: keyof typeof places): string {
    return this.#keys[places[name]] as string;
  }
}

/** The places of keys in `channelKeys`. */
const places = { journal: 0, changes: 1, posts: 2, index: 3, texts: 4, labels: 5, tags: 6, listed: 7, owed: 8 } as const;
