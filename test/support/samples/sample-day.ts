import type { ChannelPatch, NewChannel, NewPost, Revision } from '../../../client/lib/author-client.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import type { Media, PostFields, RevisionKind } from '../../../src/protocol/model.ts';
import { type Random, seeded } from './random.ts';
import { headline, longBody, paragraphs, sentence, speciality } from './sample-text.ts';

/**
 * A day of coverage as data: 300 posts and 80 changes of every kind, in an order in which a correct server accepts every one. The
 * same for the same seed. Each revision of a post has its own mark in its body, so that a test can tell which text it sees.
 */
export type SampleCommand =
  | { type: 'publish'; post: NewPost & { id: string } }
  /** `revision`: the current revision, for If-Match. */
  | { type: 'revise'; postId: string; revision: number; change: Revision }
  | { type: 'retract'; postId: string; revision: number; note: string }
  | { type: 'takedown'; postId: string; revision: number; note?: string }
  | { type: 'channel'; patch: ChannelPatch };

export interface SampleDay {
  seed: number;
  channel: NewChannel & { id: string };
  commands: SampleCommand[];
}

/** The mark in the body of this revision of a post, and nowhere else. */
export function markOf(postId: string, revision: number): string {
  return `mark${postId.slice(-12)}r${revision}`;
}

type ChangeName =
  | RevisionKind
  | 'erase-earlier'
  | 'retraction'
  | 'takedown'
  | 'takedown-of-retracted'
  | 'channel'
  | 'pin'
  | 'withdraw-pinned';

/** How many of 80 changes are of each kind. For another total the list is cut or repeated. */
const mix: Record<ChangeName, number> = {
  refile: 18,
  update: 22,
  clarification: 7,
  correction: 13,
  'erase-earlier': 3,
  retraction: 5,
  takedown: 3,
  'takedown-of-retracted': 1,
  channel: 4,
  pin: 3,
  'withdraw-pinned': 1,
};

/** The state of a post, as far as later commands depend on it. */
interface Standing {
  id: string;
  revision: number;
  withdrawn: 'no' | 'retracted' | 'taken-down';
  keyEvent: boolean;
}

export function sampleDay(seed: number, { posts = 300, changes = 80 }: { posts?: number; changes?: number } = {}): SampleDay {
  const random = seeded(seed);
  const day = new Day(random);
  const commands: SampleCommand[] = [];
  const waiting = changeNames(random, changes);
  for (let at = 0; at < posts; at += 1) {
    commands.push(day.publish(at, posts));
    // Changes are spread over the day. A change without a suitable post waits for a later turn.
    const due = Math.floor(((at + 1) / posts) * changes) - (commands.length - at - 1);
    for (let turn = 0; turn < due; turn += 1) {
      const next = waiting.findIndex((name) => day.can(name));
      if (next !== -1) commands.push(day.change(waiting.splice(next, 1)[0] as ChangeName));
    }
  }
  for (const name of waiting) if (day.can(name)) commands.push(day.change(name));
  return { seed, channel: sampleChannel(seed), commands };
}

function sampleChannel(seed: number): NewChannel & { id: string } {
  return {
    id: `sample-${seed}`,
    headline: 'Storm over the coast: what we know',
    standfirst: 'Wind & water since the morning. "All services" are out.',
    section: 'Weather',
    byline: [{ name: 'Siri Østby' }, { name: 'נעם לוי', role: 'photo', url: 'https://example.org/noam' }],
    language: 'en',
    timezone: 'Europe/Oslo',
  };
}

function changeNames(random: Random, count: number): ChangeName[] {
  const all = Object.entries(mix).flatMap(([name, times]) => Array<ChangeName>(times).fill(name as ChangeName));
  const names = Array.from({ length: count }, (_, at) => all[at % all.length] as ChangeName);
  for (let at = names.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [names[at], names[other]] = [names[other] as ChangeName, names[at] as ChangeName];
  }
  return names;
}

class Day {
  readonly #random: Random;
  readonly #posts: Standing[] = [];
  #pinned: string | null = null;
  #headlines = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  publish(at: number, of: number): SampleCommand {
    const random = this.#random;
    const bytes = Uint8Array.from({ length: 10 }, () => random.below(256));
    const id = newPostId(Date.UTC(2026, 10, 24, 5) + at * 60_000, bytes);
    const kind =
      at % 40 === 39 ? 'summary' : random.pick(['update', 'update', 'update', 'update', 'breaking', 'analysis'] as const);
    const keyEvent = at % 12 === 5;
    const fields: Partial<PostFields> = {
      kind,
      body: bodyOf(random, at, of, markOf(id, 1)),
      ...((keyEvent || kind !== 'update' || random.chance(0.4)) && { headline: headline(random) }),
      ...(keyEvent && { keyEvent }),
      ...(random.chance(0.15) && { verification: random.pick(['verified', 'unverified', 'disputed'] as const) }),
      ...(random.chance(0.1) && { developing: true }),
      ...(random.chance(0.3) && { sources: sourcesOf(random) }),
      ...(random.chance(0.2) && { authors: [{ name: 'Łucja Żak', role: 'on site' }, { name: 'A. O’Neil' }] }),
      ...(at % 6 === 0 && { media: mediaOf(random, at / 6) }),
      ...(kind === 'summary' && {
        derivedFrom: this.#published()
          .slice(-8)
          .map((post) => post.id),
      }),
    };
    this.#posts.push({ id, revision: 1, withdrawn: 'no', keyEvent });
    return { type: 'publish', post: { id, ...fields } };
  }

  /** Whether a post is suitable for this change. */
  can(name: ChangeName): boolean {
    switch (name) {
      case 'channel':
        return true;
      case 'withdraw-pinned':
        return this.#pinned !== null;
      case 'takedown-of-retracted':
        return this.#posts.some(({ withdrawn }) => withdrawn === 'retracted');
      case 'erase-earlier':
        return this.#revisable().some(({ revision }) => revision > 1);
      default:
        return this.#revisable().length > 0;
    }
  }

  change(name: ChangeName): SampleCommand {
    const random = this.#random;
    switch (name) {
      case 'channel':
        return { type: 'channel', patch: this.#channelPatch() };
      case 'pin': {
        const { id } = random.pick(this.#revisable());
        this.#pinned = id;
        return { type: 'channel', patch: { pinnedPostId: id } };
      }
      case 'withdraw-pinned':
        return this.#retract(this.#posts.find(({ id }) => id === this.#pinned) as Standing);
      case 'retraction':
        return this.#retract(random.pick(this.#revisable()));
      case 'takedown':
        return this.#takeDown(random.pick(this.#revisable()));
      case 'takedown-of-retracted':
        return this.#takeDown(this.#posts.find(({ withdrawn }) => withdrawn === 'retracted') as Standing);
      case 'erase-earlier':
        return this.#revise(random.pick(this.#revisable().filter(({ revision }) => revision > 1)), 'correction', true);
      default:
        return this.#revise(random.pick(this.#revisable()), name, false);
    }
  }

  #published(): Standing[] {
    return this.#posts.filter(({ withdrawn }) => withdrawn === 'no');
  }

  /** Mostly recent posts, as in a newsroom, and sometimes a very old one. The pinned post is reserved for `withdraw-pinned`. */
  #revisable(): Standing[] {
    const free = this.#published().filter(({ id }) => id !== this.#pinned);
    return free.length > 40 && this.#posts.length % 5 !== 0 ? free.slice(-40) : free;
  }

  #revise(post: Standing, kind: RevisionKind, eraseEarlier: boolean): SampleCommand {
    const random = this.#random;
    const mark = markOf(post.id, post.revision + 1);
    const changes: Partial<PostFields> = {
      body: `${paragraphs(random, 1 + random.below(3))}\n\n${random.chance(0.3) ? `${speciality(random)}\n\n` : ''}${mark}`,
      ...(random.chance(0.25) && { headline: headline(random) }),
      ...(kind === 'update' && random.chance(0.5) && { developing: false }),
      ...(kind === 'update' && random.chance(0.3) && { media: mediaOf(random, random.below(9)) }),
      ...(kind === 'correction' && { verification: 'verified' as const }),
    };
    const needsNote = kind === 'correction' || kind === 'clarification';
    const note =
      needsNote || random.chance(0.4)
        ? `An earlier version was ${kind === 'correction' ? 'wrong' : 'short'}: ${sentence(random)}`
        : null;
    const command: SampleCommand = {
      type: 'revise',
      postId: post.id,
      revision: post.revision,
      change: { kind, note, changes, ...(eraseEarlier && { eraseEarlier }) },
    };
    post.revision += 1;
    return command;
  }

  #retract(post: Standing): SampleCommand {
    const command = {
      type: 'retract',
      postId: post.id,
      revision: post.revision,
      note: `This was not so. ${sentence(this.#random)}`,
    } as const;
    this.#withdraw(post, 'retracted');
    return command;
  }

  #takeDown(post: Standing): SampleCommand {
    const note = this.#random.chance(0.5) ? { note: 'Removed on legal advice.' } : {};
    const command = { type: 'takedown', postId: post.id, revision: post.revision, ...note } as const;
    this.#withdraw(post, 'taken-down');
    return command;
  }

  #withdraw(post: Standing, as: 'retracted' | 'taken-down'): void {
    post.revision += 1;
    post.withdrawn = as;
    if (this.#pinned === post.id) this.#pinned = null;
  }

  #channelPatch(): ChannelPatch {
    this.#headlines += 1;
    const nth = this.#headlines;
    if (nth % 2 === 0) {
      const standfirst = `As of report ${nth}: ${sentence(this.#random)}`;
      return { standfirst, change: { kind: 'update', note: 'Added the latest report.' } };
    }
    return {
      headline: `Storm over the coast: report ${nth}`,
      change: { kind: 'correction', note: 'The headline named the wrong coast.' },
    };
  }
}

/** Every special text in turn. Long bodies are at fixed places, one of them with the maximum length. */
function bodyOf(random: Random, at: number, of: number, mark: string): string {
  if (at === Math.floor(of / 2)) return `${mark}\n\n${longBody(random, 49_900 - mark.length)}`;
  if (at % 37 === 36) return `${mark}\n\n${longBody(random, 4_000 + random.below(12_000))}`;
  if (at % 3 === 0) return `${speciality(random, at / 3)}\n\n${mark}`;
  return `${paragraphs(random, 1 + random.below(3))} ${mark}`;
}

function sourcesOf(random: Random): PostFields['sources'] {
  return random.pick<PostFields['sources']>([
    [{ name: 'Coast Guard' }],
    [{ name: 'Met Office', via: 'phone', url: 'https://example.org/met?a=1&b=2' }],
    [{ name: 'وكالة الساحل', via: 'radio' }, { name: 'Fire & Rescue' }],
  ]);
}

/** Every type in turn, with all of its fields and with as few as possible. */
function mediaOf(random: Random, at: number): Media[] {
  const url = `https://media.example.org/${random.below(10_000)}`;
  const kinds: Media[][] = [
    [
      {
        type: 'image',
        url: `${url}.jpg`,
        alt: 'Waves over the quay',
        caption: 'The quay at noon',
        credit: 'Siri Østby',
        width: 1600,
        height: 1067,
      },
    ],
    [{ type: 'video', url: `${url}.mp4` }],
    [{ type: 'link', url, title: 'How storms are named' }],
    [{ type: 'image', url: `${url}.jpg`, alt: '' }],
    [
      {
        type: 'video',
        url: `${url}.mp4`,
        mimeType: 'video/mp4',
        poster: `${url}.jpg`,
        captions: `${url}.vtt`,
        caption: 'The bridge, 14:05',
        width: 1280,
        height: 720,
      },
    ],
    [
      {
        type: 'link',
        url,
        title: 'Tide tables',
        source: 'Harbour office',
        image: `${url}.png`,
        description: 'High & low water today',
      },
      { type: 'image', url: `${url}.webp`, alt: 'خريطة', width: 800, height: 800 },
    ],
  ];
  return kinds[at % kinds.length] as Media[];
}
