import { html } from '../../../client/browser/view/html.ts';
import { renderVersions, type VersionsShown, versionsTitle } from '../../../client/browser/view/post/versions.ts';
import { type Assets, type FollowedPost, followed, htmlDocument, siteBar, type Visitor } from './document.ts';

export interface VersionsPage extends Omit<VersionsShown, 'basePath'>, Pick<FollowedPost, 'cursor'> {
  visitor?: Visitor | undefined;
  assets: Assets;
}

/** `/live/{c}/{post}/versions`. Complete without a script, which keeps it current. Not indexed, since the text is superseded. */
export function versionsPage({ cursor, visitor, assets, ...shown }: VersionsPage): string {
  const { channel, postId } = shown;
  return htmlDocument({
    title: versionsTitle(channel),
    language: channel.language,
    assets,
    script: assets.followPost,
    measured: true,
    body: html`${siteBar(assets, visitor, channel.language)}
<main class="page"${followed({ channelId: channel.id, postId, cursor })}>
${renderVersions({ ...shown, basePath: assets.basePath })}
</main>`,
  });
}
