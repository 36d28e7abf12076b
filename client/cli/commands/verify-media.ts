import { createHash } from 'node:crypto';
import { mediaPath } from '../../../src/protocol/addresses.ts';
import type { AuthorPost, Channel, StoredUpload } from '../../../src/protocol/model.ts';
import { mediaIdsIn, postWithReferences, uploadableUrlsOf } from '../../../src/protocol/uploaded-media.ts';
import type { SeenEntry } from '../../../src/verify.ts';
import { type Http, NotPressbox, ProblemError } from '../../lib/http.ts';
import { plainLine } from '../terminal-text.ts';
import { takesNoUploads, uploadsOf } from './media-folder.ts';

/** The uploads of channels, compared with what the journals name. */
export interface MediaReport {
  /** Uploads that published posts, or the channel itself, use now. */
  used: number;
  /** The ids of those that are missing, and of those whose files are missing or were changed. */
  missing: string[];
  damaged: string[];
  /** Uploads that no revision names. A server deletes them after a day. */
  unreferenced: number;
}

export function isFaulty({ missing, damaged }: MediaReport): boolean {
  return missing.length + damaged.length > 0;
}

export function mediaFaults({ missing, damaged }: MediaReport): string {
  const said = (ids: string[], what: string) =>
    ids.length > 0 ? [`these uploads are ${what}: ${plainLine(ids.join(' '))}`] : [];
  return [...said(missing, 'missing'), ...said(damaged, 'damaged')].join('; ');
}

/** A place with uploads. */
export interface MediaPlace {
  /** Undefined if the server has no list of uploads. */
  ids(channelId: string): Promise<string[] | undefined>;
  isWhole(channelId: string, id: string): Promise<boolean>;
}

/** Collects the uploads that the entries of journals name. */
export class NamedMedia {
  readonly #named = new Map<string, Set<string>>();
  readonly #current = new Map<string, Map<string | null, readonly string[]>>();

  take({ channelId, postId, state }: SeenEntry): void {
    const ids = state?.includes('"media:') ? idsIn(state) : [];
    const current = this.#current.get(channelId) ?? new Map();
    this.#current.set(channelId, current.set(postId, ids));
    const named = this.#named.get(channelId) ?? new Set();
    this.#named.set(channelId, named);
    for (const id of ids) named.add(id);
  }

  /** Undefined if there is nothing to compare. */
  async compare(channelId: string, place: MediaPlace): Promise<MediaReport | undefined> {
    const used = new Set([...(this.#current.get(channelId)?.values() ?? [])].flat());
    const ids = await place.ids(channelId);
    if (ids === undefined || used.size + ids.length === 0) return undefined;
    const stored = new Set(ids);
    const missing = [...used].filter((id) => !stored.has(id));
    const damaged: string[] = [];
    for (const id of used) if (stored.has(id) && !(await place.isWhole(channelId, id))) damaged.push(id);
    const named = this.#named.get(channelId);
    return { used: used.size, missing, damaged, unreferenced: ids.filter((id) => !named?.has(id)).length };
  }
}

function idsIn(state: string): string[] {
  const { media = [], picture } = JSON.parse(state) as Partial<Pick<AuthorPost, 'media'> & Pick<Channel, 'picture'>>;
  return mediaIdsIn(picture ? [{ type: 'image', ...picture }] : media);
}

/** The uploads of a server. `comparesFiles`: downloads each, and compares its hash. */
export function mediaOfServer({
  http,
  retrying,
  interrupted,
  comparesFiles,
}: {
  http: Http;
  retrying<T>(ask: () => Promise<T>): Promise<T>;
  interrupted: AbortSignal;
  comparesFiles: boolean;
}): MediaPlace {
  const listed = new Map<string, StoredUpload>();
  return {
    async ids(channelId) {
      const ids: string[] = [];
      try {
        for await (const upload of uploadsOf({ http, channelId, retrying, interrupted, folder: '' })) {
          ids.push(upload.id);
          listed.set(`${channelId}/${upload.id}`, upload);
        }
      } catch (error) {
        if (takesNoUploads(error)) return [];
        if (!(error instanceof ProblemError)) throw error;
        // Servers of earlier versions have no list.
        if (['not-found', 'method-not-allowed'].includes(error.problem.code)) return undefined;
        throw error;
      }
      return ids;
    },
    async isWhole(channelId, id) {
      const files = comparesFiles ? (listed.get(`${channelId}/${id}`)?.files ?? []) : [];
      for (const { name, mimeType, bytes, sha256 } of files) {
        try {
          const found = await retrying(() => read(mediaPath(channelId, id, name), mimeType));
          if (found.bytes !== bytes || (sha256 !== null && found.sha256 !== sha256)) return false;
        } catch (error) {
          if (error instanceof ProblemError && error.problem.code === 'not-found') return false;
          // The file has another media type than the list says.
          if (error instanceof NotPressbox) return false;
          throw error;
        }
      }
      return true;
    },
  };

  async function read(path: string, mimeType: string): Promise<{ bytes: number; sha256: string }> {
    const response = await http.openResponse({ method: 'GET', path, noStore: true }, mimeType, interrupted);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { bytes, sha256: hash.digest('hex') };
  }
}

/** The post with references to uploads in place of the addresses on the server, whatever address the server has. */
export function postAsStored(post: AuthorPost): AuthorPost {
  const start = `/media/${encodeURIComponent(post.channelId)}/`;
  const bases = post.media.flatMap(uploadableUrlsOf).flatMap((url) => {
    const at = url.indexOf(start);
    return at < 0 ? [] : [url.slice(0, at)];
  });
  return [...new Set(bases)].reduce((seen, base) => postWithReferences(seen, base), post);
}
