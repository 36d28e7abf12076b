import { urlCharacters } from '../client-limits.ts';
import type { Embed, EmbedProvider } from '../model.ts';
import { isEmbed } from './frames.ts';

/**
 * Recognises the address of a post on another site, as people copy it from a browser or from the button that shares the post. An
 * address that is not certain stays a link. Nothing is requested, so shortened addresses stay links too.
 */

/** `instances`: the hosts that are Mastodon instances. */
export function embedOf(address: string, instances: readonly string[] = []): Embed | undefined {
  const url = plainUrl(address);
  if (url === undefined) return undefined;
  const [provider, id] = read(url, instances) ?? [];
  const embed = { provider: provider ?? '', id: id ?? '' };
  return isEmbed(embed) ? embed : undefined;
}

type Found = readonly [provider: EmbedProvider, id: string | undefined];

function read(url: URL, instances: readonly string[]): Found | undefined {
  const { host } = url;
  for (const { provider, hosts, idOf } of sites) if (hosts.includes(host)) return [provider, idOf(url)];
  return instances.includes(host) ? ['mastodon', mastodonId(url)] : undefined;
}

/** An address with `https:` whose host is written plainly: without a user name, a port, an escape or a letter beyond ASCII. */
function plainUrl(address: string): URL | undefined {
  if (address.length > urlCharacters || /\s/.test(address)) return undefined;
  const [, host] = /^https:\/\/([a-z0-9.-]+)(?=[/?#]|$)/i.exec(address) ?? [];
  const url = URL.parse(address);
  return url !== null && host?.toLowerCase() === url.host ? url : undefined;
}

const sites: readonly { provider: EmbedProvider; hosts: readonly string[]; idOf: (url: URL) => string | undefined }[] = [
  {
    provider: 'bluesky',
    hosts: ['bsky.app', 'embed.bsky.app'],
    // A handle is not enough: the frame needs the DID, and a handle can pass to another person.
    idOf: ({ pathname }) => joined(/^\/(?:profile|embed)\/([^/]+)\/(?:post|app\.bsky\.feed\.post)\/([^/]+)\/?$/.exec(pathname)),
  },
  {
    provider: 'datawrapper',
    hosts: ['datawrapper.dwcdn.net', 'www.datawrapper.de'],
    // The number is that of a version. The frame shows the newest.
    idOf: ({ host, pathname }) =>
      (host === 'www.datawrapper.de' ? /^\/_\/([^/]+)\/?$/ : /^\/([^/]+)(?:\/\d+)?\/?$/).exec(pathname)?.[1],
  },
  {
    provider: 'flourish',
    hosts: ['public.flourish.studio', 'flo.uri.sh'],
    idOf: ({ pathname }) => /^\/((?:visualisation|story)\/\d+)(?:\/embed)?\/?$/.exec(pathname)?.[1],
  },
  {
    provider: 'google-maps',
    hosts: ['www.google.com', 'google.com', 'maps.google.com'],
    idOf: ({ pathname, search }) =>
      pathname === '/maps/embed'
        ? /^\?(?:[^&]*&)*?pb=([^&]*)/.exec(search)?.[1]
        : /^\/maps\/(?:place\/[^/]+\/)?(@[^/]+)(?:\/data=[^/]*)?\/?$/.exec(pathname)?.[1],
  },
  {
    provider: 'instagram',
    hosts: ['www.instagram.com', 'instagram.com'],
    idOf: ({ pathname }) => /^\/(?:[\w.]+\/)?(?:p|reels?|tv)\/([^/]+)\/?$/.exec(pathname)?.[1],
  },
  { provider: 'openstreetmap', hosts: ['www.openstreetmap.org', 'openstreetmap.org'], idOf: openStreetMapId },
  {
    provider: 'tiktok',
    hosts: ['www.tiktok.com', 'tiktok.com', 'm.tiktok.com'],
    idOf: ({ pathname }) => /^\/(?:@[\w.-]+\/(?:video|photo)|player\/v1|embed\/v2)\/([^/]+)\/?$/.exec(pathname)?.[1],
  },
  {
    provider: 'vimeo',
    hosts: ['vimeo.com', 'www.vimeo.com', 'player.vimeo.com'],
    idOf: (url) => {
      const key = only(url, 'h');
      const path = /^\/(?:video\/)?(\d+(?:\/[^/]+)?)\/?$/.exec(url.pathname)?.[1];
      return path === undefined || key === undefined || path.includes('/') ? path : `${path}/${key}`;
    },
  },
  {
    provider: 'x',
    hosts: ['x.com', 'www.x.com', 'twitter.com', 'www.twitter.com', 'mobile.twitter.com', 'mobile.x.com'],
    idOf: ({ pathname }) => /^\/(?:\w{1,20}|i\/web)\/status\/(\d+)(?:\/(?:photo|video)\/\d)?\/?$/.exec(pathname)?.[1],
  },
  {
    provider: 'youtube',
    hosts: ['www.youtube.com', 'youtube.com', 'm.youtube.com', 'www.youtube-nocookie.com', 'youtu.be'],
    idOf: (url) => {
      if (url.host === 'youtu.be') return /^\/([^/]+)\/?$/.exec(url.pathname)?.[1];
      return url.pathname === '/watch' ? only(url, 'v') : /^\/(?:shorts|live|embed)\/([^/]+)\/?$/.exec(url.pathname)?.[1];
    },
  },
];

/** Only a post of an account of this instance. For accounts of others, an instance offers no frame. */
function mastodonId({ host, pathname }: URL): string | undefined {
  const [, account, number] = /^\/(?:@|users\/)(\w[\w.-]*)\/(?:statuses\/)?(\d+)(?:\/embed)?\/?$/.exec(pathname) ?? [];
  return account && `${host}/@${account}/${number}`;
}

/** The view is in the fragment, a marker in the query. Other paths show more than a map. */
function openStreetMapId(url: URL): string | undefined {
  const view = /^#map=(\d+\/[\d.-]+\/[\d.-]+)(?:&|$)/.exec(url.hash)?.[1];
  if (url.pathname !== '/' || view === undefined) return undefined;
  const [latitude, longitude] = [only(url, 'mlat'), only(url, 'mlon')];
  return latitude && longitude ? `${view}/${latitude}/${longitude}` : view;
}

/** The value of a parameter that occurs once. */
function only(url: URL, name: string): string | undefined {
  const values = url.searchParams.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

function joined(match: RegExpExecArray | null): string | undefined {
  return match?.slice(1).join('/');
}
