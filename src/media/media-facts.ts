import { entriesOf } from './durable-files.ts';
import { type About, readAbout } from './media-about.ts';
import { mediaLimits } from './media-limits.ts';
import { type MediaPaths, mediumIdPattern } from './media-paths.ts';

/** What never changes about a medium, read once. */
interface Facts {
  bytes: number;
  contents: readonly string[];
}

/** Sizes and contents of the media of a channel. Bounded by `mediaSizes`. */
export class MediaFacts {
  readonly #paths: MediaPaths;
  readonly #facts = new Map<string, Facts>();

  constructor(paths: MediaPaths) {
    this.#paths = paths;
  }

  /** Bytes of all media of a channel. Other nodes may add at the same moment, so the limit can be passed by an upload of each. */
  async bytesOf(channelId: string): Promise<number> {
    let bytes = 0;
    for (const { facts } of await this.#all(channelId)) bytes += facts.bytes;
    return bytes;
  }

  /** The other media of the channel that have the content of this one. A crash during an upload can leave one. */
  async copiesOf({
    channelId,
    id,
    ...about
  }: Pick<About, 'channelId' | 'id' | 'sha256' | 'name' | 'renditions'>): Promise<string[]> {
    const wanted = contentsOf(about).map(shortened);
    const all = await this.#all(channelId);
    return all.flatMap((one) =>
      one.id !== id && one.facts.contents.some((content) => wanted.includes(content)) ? [one.id] : [],
    );
  }

  /** Without `id`: everything is forgotten. */
  drop(channelId: string, id?: string): void {
    if (id === undefined) this.#facts.clear();
    else this.#facts.delete(`${channelId}/${id}`);
  }

  async #all(channelId: string): Promise<{ id: string; facts: Facts }[]> {
    const all: { id: string; facts: Facts }[] = [];
    for (const { name: id, path } of await entriesOf(this.#paths.at(channelId))) {
      if (!mediumIdPattern.test(id)) continue;
      const key = `${channelId}/${id}`;
      const facts = this.#facts.get(key) ?? factsOf(await readAbout(path));
      if (facts === undefined) continue;
      if (this.#facts.size >= mediaLimits.mediaSizes) this.#facts.clear();
      this.#facts.set(key, facts);
      all.push({ id, facts });
    }
    return all;
  }
}

/** The hashes by which a medium is recognised: of the upload, and of its main file. */
export function contentsOf({ sha256, name, renditions }: Pick<About, 'sha256' | 'name' | 'renditions'>): string[] {
  const main = renditions.find((rendition) => rendition.name === name)?.sha256;
  return [...new Set([sha256, main])].filter((hash) => hash !== undefined && hash !== '') as string[];
}

function factsOf(about: About | undefined): Facts | undefined {
  return about && { bytes: about.bytes, contents: contentsOf(about).map(shortened) };
}

/** 96 bits of a hash. */
function shortened(hash: string): string {
  return hash.slice(0, 24);
}
