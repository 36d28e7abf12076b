import type { Person } from '../../../src/protocol/model.ts';
import { type Html, html, joined, type Part } from './html.ts';
import type { Setting } from './wording/time.ts';

/** The address of a path of the server: on its own pages a path, which works under every host name, elsewhere the full address. */
export function addressOn({ server, basePath = '' }: Pick<Setting, 'server' | 'basePath'>, path: string): string {
  return (server ?? basePath) + path;
}

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
