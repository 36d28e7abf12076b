import { type Journal, JournalUnavailable, type NewEntry, type Outcome, type Renderer } from '../journal/engine.ts';
import { tags, useOfMedia } from '../journal/post-tags.ts';
import { type MediaStore, type MediaType, MediaUnavailable, type MediaUses, type StoredMedia } from '../media/media-store.ts';
import { mediaPath, onServer } from '../protocol/addresses.ts';
import type { Channel, Erasure, ImageMedia, LinkMedia, Media, Picture, VideoMedia } from '../protocol/model.ts';
import { Refusal } from '../protocol/problems.ts';
import { cardWidth, isOfMedium, isReference, mediaIdIn, mediaReference, uploadableUrlsOf } from '../protocol/uploaded-media.ts';
import { limits } from '../protocol/wire-limits.ts';
import { newsroomLimits } from './newsroom-limits.ts';

/**
 * The uploaded media of posts and channels. An author names an upload of the channel, and the server writes its addresses, sizes and
 * renditions. A write claims what it names before it is appended, so that the store keeps it.
 */
export interface Uploads {
  /** Begins a write to the channel. It has claims of its own, so that its failure drops no claim of another write. */
  begin(channelId: string): WriteClaims;
  /** Forgets the claim of a picture that the channel had before. A store that cannot be used now keeps it. */
  releasePicture(before: Channel, now: Channel): Promise<void>;
  /**
   * Call before text of the post is erased from the journal. Returns whether public caches may have uploaded media of the post. A
   * store that cannot be used does not delay an erasure.
   */
  expectErasure(channelId: string, postId: string): Promise<boolean>;
  /** Erases the media that only erased text used. */
  erase(channelId: string, postId: string): Promise<Erasure>;
  deleteChannel(channelId: string): Promise<Erasure>;
}

/** The claims of one write. */
export interface WriteClaims {
  /** The media of a post as they are shown, claimed for the post. `at`: their path in the request. Throws a `Refusal`. */
  media(postId: string, media: Media[], at: string): Promise<Media[]>;
  /** The picture of the channel in the same way. */
  picture(picture: Picture): Promise<Picture>;
  /**
   * Claims the uploads that entries from elsewhere name, before they are appended unchanged. An upload that does not exist here is no
   * error: its file may come later.
   */
  entries(entries: readonly NewEntry[]): Promise<void>;
  /** For the append. Undefined if the write claims nothing. */
  readonly fence: string | undefined;
  /**
   * Runs the rest of the write, and settles the claims: they become those of the posts if it was `appended`, now or before, and are
   * dropped if it certainly was not. If that is not known, a takedown or a sweep asks the journal.
   */
  settle<Result extends { status: string; outcome?: Pick<Outcome, 'postId'> }>(write: () => Promise<Result>): Promise<Result>;
}

export interface UploadsParts {
  engine: Pick<Journal, 'channel' | 'posts' | 'post' | 'revisions' | 'note'>;
  renderer: Pick<Renderer, 'publicUrl'>;
  /** Undefined: this server takes no uploads. */
  store: MediaStore | undefined;
}

/** Stands for the channel among the posts that claim media. */
const channelClaim = 'channel';

export function createUploads({ engine, renderer: { publicUrl }, store }: UploadsParts): Uploads {
  const uses = mediaUses(engine, publicUrl);
  return {
    begin,
    async releasePicture(before, now) {
      const idOf = ({ id, picture }: Channel) => uploadsIn(id, picture ? [picture] : [], publicUrl)[0];
      const id = idOf(before);
      if (id === undefined || id === idOf(now)) return;
      try {
        await store?.drop(now.id, id, channelClaim);
      } catch (error) {
        if (!(error instanceof MediaUnavailable)) throw error;
      }
    },
    async expectErasure(channelId, postId) {
      if (store === undefined) return false;
      const read = await engine.channel(channelId);
      const isPublic = read.status === 'found' && read.channel.access === 'public';
      const isCached = isPublic && (await uses.ofPost(channelId, postId)).length > 0;
      try {
        await store.expectErasure(channelId, postId);
      } catch (error) {
        if (!(error instanceof MediaUnavailable)) throw error;
      }
      return isCached;
    },
    erase: (channelId, postId) =>
      erasing(async () => ((await store?.erase(channelId, postId, uses)) ?? []).map((id) => waiting(mediaReference(id)))),
    deleteChannel: (channelId) =>
      erasing(async () => ((await store?.deleteChannel(channelId)) === false ? [waiting('unfinished uploads')] : [])),
  };

  function begin(channelId: string): WriteClaims {
    const write = store?.newWrite() ?? '';
    const claimed: { id: string; postId: string }[] = [];
    const claim = async (id: string, postId: string) => {
      if (store === undefined) return 'missing';
      claimed.push({ id, postId });
      return await orRefuse(() => store.claim(channelId, id, postId, write));
    };
    /** What cannot be settled now is settled when it matters. */
    const each = async (action: (store: MediaStore, id: string, postId: string) => Promise<void>) => {
      try {
        for (const { id, postId } of store ? claimed : []) await action(store as MediaStore, id, postId);
      } catch (error) {
        if (!(error instanceof MediaUnavailable)) throw error;
      }
    };
    const resolve: Resolve = async (postId, url, type, path) => {
      if (!isReference(url) && !isOnThisServer(url)) return undefined;
      const id = mediaIdIn(url, channelId, publicUrl);
      const found = id === undefined ? undefined : await orRefuse(async () => await store?.find(channelId, id));
      if (found === undefined) throw invalid(path, 'Must name an upload of this channel.');
      if (found.type !== type) throw invalid(path, `Must name an upload of type ${type}. This one is of type ${found.type}.`);
      if ((await claim(found.id, postId)) !== 'claimed') throw invalid(path, 'Must name an upload of this channel.');
      return found;
    };
    return {
      media: async (postId, media, at) =>
        await allOf(
          media.map(async (one, index) => {
            const path = `${at}[${index}]`;
            if (one.type === 'link') return await link(postId, one, path, resolve);
            const found = await resolve(postId, one.url, one.type, `${path}.url`);
            if (one.type === 'image') return found === undefined ? withoutRenditions(one) : picture(one, found);
            return found === undefined ? one : video(one, found);
          }),
        ),
      async picture(given) {
        const found = await resolve(channelClaim, given.url, 'image', 'picture.url');
        return found === undefined ? withoutRenditions(given) : picture(given, found);
      },
      async entries(entries) {
        for (const entry of entries) {
          const isPost = entry.type !== 'channel.changed';
          const postId = isPost ? entry.post.id : channelClaim;
          const media = isPost ? entry.post.media : entry.channel.picture ? [entry.channel.picture] : [];
          for (const id of uploadsIn(channelId, media, publicUrl)) await claim(id, postId);
        }
      },
      get fence() {
        return claimed.length === 0 ? undefined : fenceOf(write);
      },
      async settle(rest) {
        const drop = () => each((store, id, postId) => store.drop(channelId, id, postId, write));
        try {
          const result = await rest();
          if (result.status === 'appended') await each((store, id, postId) => store.keep(channelId, id, postId, write));
          else if (result.outcome === undefined) await drop();
          else {
            // The request was executed before, perhaps by this very write: an engine sends an append again if its connection breaks.
            const before = result.outcome.postId ?? channelClaim;
            await each((store, id, postId) =>
              postId === before ? store.keep(channelId, id, postId, write) : store.drop(channelId, id, postId, write),
            );
          }
          return result;
        } catch (error) {
          if (error instanceof Refusal || (error instanceof JournalUnavailable && error.outcome === 'unchanged')) await drop();
          throw error;
        }
      },
    };
  }

  /** A link may lead to an uploaded sound, contain it, and show an uploaded picture. */
  async function link(postId: string, given: LinkMedia, path: string, resolve: Resolve): Promise<LinkMedia> {
    const { url, image, audio } = given;
    const linked = await resolve(postId, url, 'audio', `${path}.url`);
    const shown = image === undefined ? undefined : await resolve(postId, image, 'image', `${path}.image`);
    const heard = audio && (await resolve(postId, audio.url, 'audio', `${path}.audio.url`));
    return {
      ...given,
      ...(linked && { url: addressOf(linked)(linked.name) }),
      ...(shown && { image: addressOf(shown)(cardNameOf(shown)) }),
      ...(heard && { audio: { url: addressOf(heard)(heard.name), mimeType: heard.mimeType } }),
    };
  }

  function isOnThisServer(url: string): boolean {
    return publicUrl !== undefined && url.startsWith(onServer('/media/', publicUrl));
  }

  function picture<P extends ImageMedia | Picture>(given: P, found: StoredMedia): P {
    const { width: _, height: __, ...others } = withoutRenditions(given);
    const address = addressOf(found);
    const renditions = found.renditions
      .flatMap(({ name, width, mimeType }) => (width === null ? [] : [{ url: address(name), width, mimeType }]))
      .toSorted((a, b) => a.width - b.width)
      .slice(0, limits.mediaRenditions);
    return { ...others, url: address(found.name), ...sizeOf(found), renditions } as unknown as P;
  }

  function video(
    { type, url: _, mimeType: __, width: ___, height: ____, ...others }: VideoMedia,
    found: StoredMedia,
  ): VideoMedia {
    return { type, url: addressOf(found)(found.name), mimeType: found.mimeType, ...others, ...sizeOf(found) };
  }

  function addressOf({ channelId, id }: StoredMedia): (name: string) => string {
    return (name) => onServer(mediaPath(channelId, id, name), publicUrl ?? '');
  }
}

/** The upload that the URL names, claimed for the post. Undefined if the URL is elsewhere. */
type Resolve = (postId: string, url: string, type: MediaType, path: string) => Promise<StoredMedia | undefined>;

/** Waits for all, also if one fails, so that nothing is claimed after that. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** The request that forbids the append of a write, once it is noted in the journal. */
function fenceOf(write: string): string {
  return `upload-claim:${write}`;
}

/** Reads from the journal which media posts and channels use. */
export function mediaUses(engine: UploadsParts['engine'], publicUrl: string | undefined): MediaUses {
  return {
    async isUsed(channelId, id) {
      const read = await engine.channel(channelId);
      if (read.status !== 'found') return false;
      return (await useOfMedia(engine, read.channel, id)).isUsed;
    },
    async ofPost(channelId, postId) {
      const read = await engine.channel(channelId);
      if (read.status !== 'found') return [];
      if (postId === channelClaim) return uploadsIn(channelId, read.channel.picture ? [read.channel.picture] : [], publicUrl);
      const ids = new Set<string>();
      for (let after = 0; ; ) {
        const page = await engine.revisions(channelId, postId, { after, limit: limits.pageMost, bytes: limits.answerBytes });
        for (const { media } of page?.revisions ?? []) for (const id of uploadsIn(channelId, media, publicUrl)) ids.add(id);
        after = page?.revisions.at(-1)?.revision ?? after;
        if (page?.more !== true || page.revisions.length === 0) return [...ids];
      }
    },
    isDeleted: async (channelId) => (await engine.channel(channelId)).status === 'deleted',
    async forbid(channelId, write) {
      const nothing = { position: undefined, postId: null, revision: 0 };
      await engine.note(channelId, { id: fenceOf(write), digest: '0'.repeat(64) }, nothing);
    },
  };
}

/** The posts that use the medium now, and `channel` if the channel itself does, as the store knows them. */
export async function usersOfMedia(
  engine: Pick<Journal, 'posts'>,
  channel: Pick<Channel, 'id' | 'picture'>,
  id: string,
): Promise<string[]> {
  const ids = isOfMedium(channel.picture?.url ?? '', id) ? [channelClaim] : [];
  for (let before: number | undefined; ; ) {
    const query = { tags: [tags.media(id)], limit: limits.pageMost, bytes: limits.answerBytes };
    const page = await engine.posts(channel.id, before === undefined ? query : { ...query, before });
    for (const post of page?.posts ?? []) ids.push(post.id);
    before = page?.posts.at(-1)?.seq;
    if (page?.more !== true || before === undefined) return ids;
  }
}

/** The ids of uploads of the channel that media name. */
function uploadsIn(channelId: string, media: readonly (Media | Picture)[], publicUrl: string | undefined): string[] {
  return media.flatMap(uploadableUrlsOf).flatMap((url) => mediaIdIn(url, channelId, publicUrl) ?? []);
}

/** Runs a call of the store. If it cannot be used now, the client is told to retry. */
export async function orRefuse<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof MediaUnavailable)) throw error;
    throw new Refusal('media-unavailable', { detail: error.message, retryAfter: newsroomLimits.mediaRetrySeconds });
  }
}

async function erasing(erase: () => Promise<Erasure['pending']>): Promise<Erasure> {
  try {
    const pending = await erase();
    return { complete: pending.length === 0, pending };
  } catch (error) {
    if (!(error instanceof MediaUnavailable)) throw error;
    const why = 'The store of uploads cannot be used now. It erases the files once it can be used again.';
    return { complete: false, pending: [{ where: 'media', why }] };
  }
}

function waiting(what: string): Erasure['pending'][number] {
  return {
    where: 'media',
    why: `${what}: a write or an upload is not finished. Unless it uses the file, the file is erased soon.`,
  };
}

/** A link names one file only. */
function cardNameOf({ name, renditions }: StoredMedia): string {
  const distance = ({ width }: StoredMedia['renditions'][number]) => Math.abs((width ?? 0) - cardWidth);
  const [nearest] = renditions.filter(({ mimeType }) => mimeType === 'image/jpeg').toSorted((a, b) => distance(a) - distance(b));
  return nearest?.name ?? name;
}

function sizeOf({ width, height }: StoredMedia): { width?: number; height?: number } {
  return { ...(width !== null && { width }), ...(height !== null && { height }) };
}

function withoutRenditions<P extends ImageMedia | Picture>(given: P): P {
  if (given.renditions === undefined) return given;
  const { renditions: _, ...others } = given;
  return others as P;
}

function invalid(path: string, message: string): Refusal {
  return new Refusal('invalid-body', { errors: [{ path, message }] });
}
