import { embedHosts, frameOf } from '../../../src/protocol/embeds/frames.ts';
import { adoptSheet } from '../adopted-sheets.ts';
import style from './frame.css';

/** The server of this script. */
const home = new URL(import.meta.url).host;

/**
 * Shows a post of another site in its card. The frame is in a shadow tree of the card, so a correction of the post beside it leaves
 * it running. `embed`: the provider and the id.
 */
export function openFrame(button: HTMLElement, embed: string): void {
  const card = button.closest<HTMLElement>('.card');
  const [provider = '', id = ''] = embed.split(' ');
  // The server names the Mastodon instances that a page may frame, and others have no button.
  const instance = provider === 'mastodon' ? [id.slice(0, id.indexOf('/'))] : [];
  const frame = frameOf({ provider, id }, [...embedHosts, ...instance]);
  // A frame of the page's own host could act for the reader, because it needs `allow-same-origin`.
  if (card === null || frame === undefined || [home, location.host].includes(frame.host)) throw new Error('Not a post to show.');
  const { url, width, height, scales } = frame;
  const content = document.createElement('iframe');
  content.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-popups');
  content.allow = 'fullscreen';
  content.title = card.querySelector('.card-title')?.textContent ?? '';
  content.style.maxWidth = scales && width > height ? '' : `${width}px`;
  if (scales) content.style.aspectRatio = `${width} / ${height}`;
  else content.style.height = `${height}px`;
  content.src = url;
  const root = card.attachShadow({ mode: 'open' });
  adoptSheet(root, style);
  root.append(document.createElement('slot'), content);
  content.focus();
}
