import { turned } from '../../../client/browser/view/direction.ts';
import { attribute, html } from '../../../client/browser/view/html.ts';
import { settingOf } from '../../../client/browser/view/page/page.ts';
import { channelAddress, embedPath, onServer } from '../../protocol/addresses.ts';
import { embedNames } from '../../protocol/embeds/listed-sites.ts';
import { providerNames } from '../../protocol/embeds/provider-names.ts';
import type { Channel } from '../../protocol/model.ts';
import type { Brand } from '../brand/brand.ts';
import { icons } from './brand-parts.ts';

export interface EmbedPage {
  channel: Channel;
  publicUrl: string;
  /** The relative URL from the page to the server's root. */
  root: string;
  /** Names of the built files. */
  files: { script: string; style: string };
  brand: Brand | undefined;
  /** Hosts of posts on other sites that readers may open in a frame. */
  embedHosts?: readonly string[];
  /** Attributes of the element. */
  attributes: {
    theme?: string | undefined;
    lang?: string | undefined;
    times?: string | undefined;
    view?: string | undefined;
    limit: number;
  };
}

/** `/embed/{c}`: just the element, for a frame. Links open outside the frame. The canonical URL is the channel's page. */
export function embedPage({
  channel,
  publicUrl,
  root,
  files,
  brand,
  embedHosts,
  attributes: { theme, lang, times, view, limit },
}: EmbedPage): string {
  const setting = settingOf(channel);
  const named = html`<p dir="auto"><a href="${channelAddress(channel, publicUrl)}">${channel.headline}</a></p>`;
  return html`<!doctype html>
<html lang="${channel.language}" dir="${setting.runs}">
<head>
<meta charset="utf-8">
<title>${channel.headline}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description"${attribute('content', channel.standfirst ?? channel.headline)}>
<link rel="canonical" href="${channelAddress(channel, publicUrl)}">
${icons(brand)}
<link rel="stylesheet" href="${root}assets/${files.style}">${brand && html`\n<link rel="stylesheet" href="${brand.frameSheet}">`}
<base target="_blank">
<script type="module" src="${root}embed.js"></script>
<script type="module" src="${root}assets/${files.script}"></script>
</head>
<body>
<div id="start"></div>
<main>
${turned(html`<h1 dir="auto">${channel.headline}</h1>`, setting)}
<pressbox-live channel="${channel.id}"${attribute('theme', theme ?? 'auto')}${attribute('lang', lang)}${attribute('times', times)}${attribute('view', view)}${attribute('limit', limit)}${attribute('embeds', embedHosts && embedsOf(embedHosts))}></pressbox-live>
<noscript>${turned(named, setting)}</noscript>
</main>
</body>
</html>
`.text;
}

/** The attribute `embeds` of the element. Undefined for its default. */
export function embedsOf(hosts: readonly string[]): string | undefined {
  const sites = Object.keys(embedNames(hosts)).sort().join(' ');
  return sites === Object.keys(providerNames).sort().join(' ') ? undefined : sites || 'none';
}

/** The default frame size for pages that request none, in pixels. */
const frameSize = { width: 680, height: 800 } as const;

/** The oEmbed 1.0 answer for a channel: a frame no larger than requested. */
export function oembedOf(
  channel: Channel,
  { publicUrl, brand }: { publicUrl: string; brand: Brand | undefined },
  { maxwidth, maxheight }: { maxwidth?: number | undefined; maxheight?: number | undefined },
) {
  const width = Math.min(frameSize.width, maxwidth ?? frameSize.width);
  const height = Math.min(frameSize.height, maxheight ?? frameSize.height);
  const frame = html`<iframe src="${onServer(embedPath(channel.id), publicUrl)}" width="${width}" height="${height}" title="${channel.headline}" loading="lazy" style="border:0;max-width:100%"></iframe>`;
  return {
    version: '1.0',
    type: 'rich',
    title: channel.headline,
    ...(channel.byline.length > 0 && { author_name: channel.byline.map(({ name }) => name).join(', ') }),
    provider_name: brand?.name ?? 'Pressbox',
    provider_url: brand?.url === undefined ? publicUrl : new URL(brand.url, publicUrl).href,
    html: frame.text,
    width,
    height,
  };
}
