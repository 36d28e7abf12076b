import { type Command, Option } from 'commander';
import { embedOf } from '../../src/protocol/embeds/post-addresses.ts';
import {
  type Embed,
  type Focus,
  type Media,
  type PostFields,
  type Verification,
  verifications,
} from '../../src/protocol/model.ts';
import { UsageError } from './command-errors.ts';
import { collect, parseFocus } from './option-values.ts';
import type { RequestOptions } from './server-requests.ts';

/** The options of commands that set fields of a post. */
export interface PostOptions extends RequestOptions {
  headline?: string;
  kind?: PostFields['kind'];
  keyEvent?: boolean;
  source?: string[];
  author?: string[];
  developing?: boolean;
  verification?: Verification | 'none';
  unverified?: boolean;
  image?: string[];
  alt?: string[];
  focus?: Focus[];
  video?: string[];
  link?: string[];
  title?: string[];
  linkImage?: string[];
  embed?: string[];
  derivedFrom?: string[];
  id?: string;
}

export function addPostFields(command: Command): Command {
  return command
    .option('--headline <text>', 'its headline')
    .option('--key-event', 'it is a key event; needs a headline')
    .option('--source <name>', 'who reported it; may be repeated', collect)
    .option('--author <name>', 'its byline; may be repeated', collect)
    .option('--developing', 'more is to follow')
    .addOption(new Option('--verification <state>', 'its verification state').choices([...verifications, 'none']))
    .addOption(new Option('--unverified', 'short for --verification unverified').conflicts('verification'))
    .option('--image <url>', 'an image or an upload (`media upload`), with an --alt for each; may be repeated', collect)
    .option('--alt <text>', 'what an image shows', collect)
    .option(
      '--focus <x,y>',
      'the point of an image that stays in view, such as 0.3,0.2; for each or for none',
      (text, before?: Focus[]) => [...(before ?? []), parseFocus(text)],
    )
    .option('--video <url>', 'a video file or an upload; may be repeated', collect)
    .option('--link <url>', 'a page elsewhere, with a --title for each; may be repeated', collect)
    .option('--embed <url>', 'a post on a site such as YouTube, with a --title after those of links; may be repeated', collect)
    .option('--title <text>', 'the title of a linked page or of an embed', collect)
    .option(
      '--link-image <url>',
      'the picture on its card, an address or an upload; for each --title, "" for one without, or for none',
      collect,
    );
}

/** The post fields that the options set. */
export function fieldsFrom(options: FieldOptions, body: string | undefined): Partial<PostFields> {
  const fields = Object.entries(fromOptions).map(([field, from]) => [field, from(options, body)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

type FieldOptions = Omit<PostOptions, 'kind'> & { kind?: PostFields['kind'] | undefined };

/** The value that the options give each field; undefined if they do not set it. */
const fromOptions: { readonly [F in keyof PostFields]: (options: FieldOptions, body?: string) => PostFields[F] | undefined } = {
  body: (_, body) => body,
  headline: ({ headline }) => headline,
  keyEvent: ({ keyEvent }) => keyEvent,
  developing: ({ developing }) => developing,
  sources: ({ source }) => source?.map((name) => ({ name })),
  authors: ({ author }) => author?.map((name) => ({ name })),
  verification: ({ unverified, verification }) => {
    const given = unverified ? 'unverified' : verification;
    return given === 'none' ? null : given;
  },
  media: (options) => {
    const media = mediaFrom(options);
    return media.length > 0 ? media : undefined;
  },
  kind: ({ kind }) => kind,
  derivedFrom: ({ derivedFrom }) => derivedFrom,
};

function mediaFrom({
  image = [],
  alt = [],
  focus = [],
  video = [],
  link = [],
  embed: embeds = [],
  title = [],
  linkImage = [],
}: Omit<PostOptions, 'kind'>): Media[] {
  if (image.length !== alt.length) throw new UsageError('Each --image needs an --alt that says what it shows.');
  if (focus.length > 0 && focus.length !== image.length) throw new UsageError('Give a --focus for each --image, or none.');
  const pages = [...link, ...embeds];
  if (pages.length !== title.length) {
    throw new UsageError(embeds.length > 0 ? 'Each --link and --embed needs a --title.' : 'Each --link needs a --title.');
  }
  if (linkImage.length > 0 && linkImage.length !== pages.length) {
    throw new UsageError('Give a --link-image for each --link and --embed, or none. "" leaves out one of them.');
  }
  return [
    ...image.map((url, at) => ({ type: 'image' as const, url, alt: alt[at] ?? '', ...(focus[at] && { focus: focus[at] }) })),
    ...video.map((url) => ({ type: 'video' as const, url })),
    ...pages.map((url, at) => {
      const page = { type: 'link' as const, url, title: title[at] ?? '', ...(linkImage[at] && { image: linkImage[at] }) };
      return at < link.length ? page : { ...page, embed: requireEmbed(url) };
    }),
  ];
}

function requireEmbed(url: string): Embed {
  const embed = embedOf(url);
  if (embed === undefined) throw new UsageError(`${url} is no post of a site that can be embedded. Give it as --link.`);
  return embed;
}
