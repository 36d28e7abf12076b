import { html } from '../../../client/web/view/html.ts';
import { renderVersions, type VersionsShown, versionsTitle } from '../../../client/web/view/versions.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface VersionsPage extends VersionsShown {
  /** Nothing up to here is missing. Its script goes on from there. */
  cursor: string;
  visitor?: Visitor | undefined;
  assets: Assets;
}

/** `/live/{c}/{post}/versions`. Complete as it is; its script keeps it so. Passed over by search engines: what a post said before is not what it says. */
export function versionsPage({ cursor, visitor, assets, ...shown }: VersionsPage): string {
  const { channel, postId } = shown;
  return htmlDocument({
    title: versionsTitle(channel),
    language: channel.language,
    assets,
    script: assets.versions,
    body: html`${siteBar(visitor, channel.language)}
<main class="page" data-channel="${channel.id}" data-post="${postId}" data-cursor="${cursor}">
${renderVersions(shown)}
</main>`,
  });
}
