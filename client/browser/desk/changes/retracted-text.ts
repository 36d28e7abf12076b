import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { type AuthorPost, type Channel, type ReaderPost, readerView } from '../../../../src/protocol/model.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import { settingOf } from '../../view/page/page.ts';
import { renderPost } from '../../view/post/post.ts';
import { basePath } from '../app/base-path.ts';
import { DeskElement } from '../app/desk-element.ts';
import { postPreview } from '../app/post-preview.ts';
import { changesWordsIn } from '../i18n/changes/index.ts';
import { timelineWordsIn } from '../i18n/timeline/index.ts';
import { lastPublished } from './last-published.ts';

/** How long the earlier versions are waited for, milliseconds. */
const readMs = 8_000;

/** `<desk-retracted-text>`: the dialog in which a newsroom reads the text of a post that it has retracted. */
export class DeskRetractedText extends DeskElement {
  static override properties = {
    client: { attribute: false },
    channel: { attribute: false },
    post: { state: true },
    text: { state: true },
  };
  declare client: AuthorClient;
  declare channel: Channel | undefined;
  /** Undefined: the dialog is closed. */
  declare private post: Pick<ReaderPost, 'id' | 'revision'> | undefined;
  /** Undefined while it is loaded. */
  declare private text: AuthorPost | 'not-loaded' | undefined;

  open(post: ReaderPost): void {
    this.text = undefined;
    this.post = post;
    void this.#load(post);
  }

  /** The post has changed. A text that is taken down is erased here too. */
  follow(post: Pick<ReaderPost, 'id' | 'status'> | undefined): void {
    if (post !== undefined && post.id === this.post?.id && post.status !== 'retracted') this.#close();
  }

  get shownId(): string | undefined {
    return this.post?.id;
  }

  protected override updated(changed: PropertyValues): void {
    const dialog = this.querySelector('dialog');
    if (changed.has('post') && dialog && !dialog.open) dialog.showModal();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { post, channel, text, language } = this;
    if (post === undefined || channel === undefined) return nothing;
    const words = timelineWordsIn(language);
    const { close, tryAgain, loading } = changesWordsIn(language);
    const again = () => {
      this.text = undefined;
      void this.#load(post);
    };
    return html`<dialog class="desk-dialog" aria-labelledby="retracted-name" @close=${() => this.#close()}>
<h2 id="retracted-name">${words.retractedText}</h2><p class="desk-hint">${words.onlyNewsroom}</p>
${
  text === 'not-loaded'
    ? html`<p class="desk-notice desk-warning" role="alert">${words.textNotLoaded} <button type="button" class="desk-quiet" @click=${again}>${tryAgain}</button></p>`
    : text === undefined
      ? html`<p class="desk-hint" role="status">${loading}</p>`
      : html`<div class="composer-preview">${postPreview(markupOf(text, channel), channel.language)}</div>`
}
<form method="dialog"><button class="desk-button">${close}</button></form></dialog>`;
  }

  async #load(post: Pick<ReaderPost, 'id' | 'revision'>): Promise<void> {
    const channelId = this.channel?.id ?? '';
    // The retraction, and the version before it.
    const query = { after: Math.max(0, post.revision - 2), limit: 2 };
    const found = await this.client.listRevisions(channelId, post.id, query, { deadlineMs: readMs }).catch(() => undefined);
    if (this.post !== post) return;
    this.text = (found && lastPublished(found.revisions)) ?? 'not-loaded';
  }

  #close(): void {
    this.querySelector('dialog')?.close();
    this.post = undefined;
    this.text = undefined;
  }
}

function markupOf(post: AuthorPost, channel: Channel): string {
  return renderPost(readerView(post), { ...settingOf(channel, basePath), place: 'summary' }).text;
}
