import type { Person } from '../../../src/protocol/model.ts';
import { type Html, html, joined, type Part } from './html.ts';

/** A link if the URL is http(s), else only the text. No other scheme becomes clickable. */
export function link(url: string | undefined, text: Part): Html {
  if (url === undefined || !isWebUrl(url)) return html`${text}`;
  return html`<a href="${url}" rel="noopener nofollow ugc">${text}</a>`;
}

export function isWebUrl(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/** `comma`: the separator in the page's language. */
export function people(persons: readonly Person[], comma: string): Html {
  return joined(
    persons.map(
      (person) =>
        html`<span class="person">${link(person.url, html`<bdi>${person.name}</bdi>`)}${
          person.role ? html` <span class="role"><bdi>${person.role}</bdi></span>` : null
        }</span>`,
    ),
    comma,
  );
}
