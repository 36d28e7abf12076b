import { embedIdCharacters } from '../client-limits.ts';
import type { Embed, EmbedProvider } from '../model.ts';

/**
 * The frames that show posts of other sites: for each provider the host, the form of its ids, and the address and size of a frame.
 * The decision about embeds names the documents that these addresses come from. Nothing is requested here.
 *
 * An id consists only of characters that cannot leave the part of the address that it stands in, so every frame has `https:` and
 * exactly the host of its provider. Browsers load this module, so it contains no schemas.
 */

export interface Frame {
  url: string;
  host: string;
  /** In CSS pixels. */
  width: number;
  height: number;
  /** The frame keeps its proportions at any width, like a video. Otherwise it keeps its height, and `width` is the most it uses. */
  scales: boolean;
}

interface Provider extends Pick<Frame, 'width' | 'height' | 'scales'> {
  /** Undefined: the id begins with the host. */
  host: string | undefined;
  id: RegExp;
  /** The rest of the address, for an id of this form. */
  path(id: string): string;
}

const latitude = '-?[0-8]?\\d(?:\\.\\d{1,15})?';
const longitude = '-?(?:1[0-7]\\d|\\d{1,2})(?:\\.\\d{1,15})?';
const film = { width: 640, height: 360, scales: true };

const providers: Record<EmbedProvider, Provider> = {
  // The DID of the author and the key of the post.
  bluesky: {
    host: 'embed.bsky.app',
    id: /^did:plc:[a-z2-7]{24}\/[a-z0-9]{1,20}$/,
    path: (id) => `/embed/${id.replace('/', '/app.bsky.feed.post/')}`,
    width: 600,
    height: 500,
    scales: false,
  },
  datawrapper: {
    host: 'datawrapper.dwcdn.net',
    id: /^[A-Za-z0-9]{5}$/,
    path: (id) => `/${id}/`,
    width: 600,
    height: 400,
    scales: false,
  },
  flourish: {
    host: 'flo.uri.sh',
    id: /^(?:visualisation|story)\/\d{1,12}$/,
    path: (id) => `/${id}/embed`,
    width: 700,
    height: 575,
    scales: false,
  },
  // A view, as in the address of a map, or the `pb` of the html that Google Maps offers for embedding.
  'google-maps': {
    host: 'www.google.com',
    id: new RegExp(
      `^(?:@${latitude},${longitude},(?:1?\\d|2[01])(?:\\.\\d{1,4})?z|(?:!\\d{1,3}[a-z](?:[\\w.,:~*'()+-]|%[0-9A-Fa-f]{2})*)+)$`,
    ),
    path: googleMapsPath,
    width: 600,
    height: 450,
    scales: false,
  },
  instagram: {
    host: 'www.instagram.com',
    id: /^[\w-]{5,40}$/,
    path: (id) => `/p/${id}/embed/captioned/`,
    width: 540,
    height: 800,
    scales: false,
  },
  // Host, account and number of a post. Only hosts that the setting names are framed.
  mastodon: {
    host: undefined,
    id: /^[a-z0-9.-]{1,253}\/@\w[\w.-]{0,63}\/\d{1,20}$/,
    path: (id) => `${id.slice(id.indexOf('/'))}/embed`,
    width: 500,
    height: 480,
    scales: false,
  },
  // Zoom, latitude and longitude, then those of a marker.
  openstreetmap: {
    host: 'www.openstreetmap.org',
    id: new RegExp(`^1?\\d/${latitude}/${longitude}(?:/${latitude}/${longitude})?$`),
    path: openStreetMapPath,
    width: 600,
    height: 450,
    scales: false,
  },
  tiktok: {
    host: 'www.tiktok.com',
    id: /^\d{5,20}$/,
    path: (id) => `/player/v1/${id}`,
    width: 325,
    height: 578,
    scales: true,
  },
  // A number, and for an unlisted video its key.
  vimeo: {
    host: 'player.vimeo.com',
    id: /^\d{1,12}(?:\/[0-9a-f]{6,20})?$/,
    path: (id) => `/video/${id.replace('/', '?h=')}${id.includes('/') ? '&' : '?'}dnt=1`,
    ...film,
  },
  x: {
    host: 'platform.twitter.com',
    id: /^\d{1,20}$/,
    path: (id) => `/embed/Tweet.html?id=${id}&dnt=true`,
    width: 550,
    height: 600,
    scales: false,
  },
  // The two words have the length of an id, but stand for a playlist and the stream of a channel.
  youtube: {
    host: 'www.youtube-nocookie.com',
    id: /^(?!videoseries$|live_stream$)[\w-]{11}$/,
    path: (id) => `/embed/${id}`,
    ...film,
  },
};

/** The hosts of all providers but Mastodon, whose instances an operator names. */
export const embedHosts: readonly string[] = Object.values(providers).flatMap(({ host }) => host ?? []);

/** The provider with this host. Undefined for any other, which may be that of a Mastodon instance. */
export function providerAt(host: string): string | undefined {
  return Object.entries(providers).find(([, provider]) => provider.host === host)?.[0];
}

/** Whether the provider is known and the id has its form. */
export function isEmbed(embed: { provider: string; id: string }): embed is Embed {
  const provider = providerOf(embed.provider);
  if (provider === undefined || embed.id.length > embedIdCharacters || !provider.id.test(embed.id)) return false;
  return provider.host !== undefined || isInstance(hostOf(provider, embed.id));
}

/** The frame of an embed. Undefined if its host is not among `hosts`: then it stays a link. */
export function frameOf(embed: { provider: string; id: string }, hosts: readonly string[]): Frame | undefined {
  const provider = providerOf(embed.provider);
  if (provider === undefined || !isEmbed(embed)) return undefined;
  const host = hostOf(provider, embed.id);
  if (!hosts.includes(host)) return undefined;
  const { path, width, height, scales } = provider;
  return { url: `https://${host}${path(embed.id)}`, host, width, height, scales };
}

/** Whether the name is that of a host on the web, in the form that browsers compare: no address, no port, and more than one label. */
export function isEmbedHost(host: string): boolean {
  return (
    /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z](?:[a-z0-9-]*[a-z0-9])?$/.test(host) &&
    URL.parse(`https://${host}`)?.host === host
  );
}

/** Whether the host can be a Mastodon instance: one that no other provider has. */
function isInstance(host: string): boolean {
  return isEmbedHost(host) && !embedHosts.includes(host);
}

function providerOf(name: string): Provider | undefined {
  return Object.hasOwn(providers, name) ? providers[name as EmbedProvider] : undefined;
}

function hostOf({ host }: Provider, id: string): string {
  return host ?? id.slice(0, id.indexOf('/'));
}

function googleMapsPath(id: string): string {
  if (id.startsWith('!')) return `/maps/embed?pb=${id}`;
  const [at, to, zoom = ''] = id.slice(1, -1).split(',');
  return `/maps?ll=${at},${to}&z=${Math.round(Number(zoom))}&output=embed`;
}

/** The frame of OpenStreetMap takes the edges of the map, which follow from its centre, its zoom and the size of the frame. */
function openStreetMapPath(id: string): string {
  const [zoom = 0, lat = 0, lon = 0, ...marker] = id.split('/').map(Number);
  const { width, height } = providers.openstreetmap;
  const world = 256 * 2 ** zoom;
  const halfWidth = (width / 2 / world) * 360;
  const middle = Math.asinh(Math.tan(radians(within(lat, 85))));
  const halfHeight = (height / 2 / world) * 2 * Math.PI;
  const edge = (y: number) => within(degrees(Math.atan(Math.sinh(y))), 85);
  const box = [within(lon - halfWidth, 180), edge(middle - halfHeight), within(lon + halfWidth, 180), edge(middle + halfHeight)];
  const query = `bbox=${box.map((value) => value.toFixed(6)).join('%2C')}&layer=mapnik`;
  return `/export/embed.html?${query}${marker.length > 0 ? `&marker=${marker.map((value) => value.toFixed(6)).join('%2C')}` : ''}`;
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;
const degrees = (radians: number) => (radians * 180) / Math.PI;
const within = (value: number, most: number) => Math.min(most, Math.max(-most, value));
