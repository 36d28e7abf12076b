import { html } from '../../../client/web/view/html.ts';
import { renderVersions, type VersionsShown, versionsTitle } from '../../../client/web/view/versions.ts';
import { type Assets, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface VersionsPage extends VersionsShown {
  visitor?: Visitor | undefined;
  assets: Assets;
}

/** `/live/{c}/{post}/versions`. Complete without a script, and passed over by search engines: what a post said before is not what it says. */
export function versionsPage({ visitor, assets, ...shown }: VersionsPage): string {
  const { channel } = shown;
  return htmlDocument({
    title: versionsTitle(channel),
    language: channel.language,
    assets,
    body: html`${siteBar(visitor, channel.language)}
<main class="page">
${renderVersions(shown)}
</main>`,
  });
}
