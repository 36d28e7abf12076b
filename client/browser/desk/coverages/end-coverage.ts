import { html, nothing, type TemplateResult } from 'lit';
import { postPath } from '../../../../src/protocol/addresses.ts';
import { pageMost } from '../../../../src/protocol/client-limits.ts';
import type { Channel } from '../../../../src/protocol/model.ts';
import type { AuthorClient, SeenPost } from '../../../lib/author-client.ts';
import type { Plural } from '../../i18n/words.ts';
import { counted } from '../../view/wording/counts.ts';
import { basePath } from '../app/base-path.ts';
import { DeskElement } from '../app/desk-element.ts';
import type { Drafts } from '../drafts/drafts.ts';
import { coverageFormWordsIn } from '../i18n/coverage-form.ts';
import { type CoverageWords, coverageWordsIn } from '../i18n/coverages.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import { checkBeforeEnd, checkedPostsMost, type EndChecklist } from './end-checklist.ts';

/** How long one page of posts may take, milliseconds. */
const readMs = 8_000;
/** How many posts of one kind are listed by name. */
const namedMost = 5;

/** `<desk-end-coverage>`: asks before a coverage ends, and lists the open tasks. */
export class EndCoverage extends DeskElement {
  static override properties = {
    outbox: { attribute: false },
    drafts: { attribute: false },
    client: { attribute: false },
    channel: { attribute: false },
    checked: { state: true },
    failed: { state: true },
  };
  declare outbox: Outbox;
  declare drafts: Drafts;
  declare client: AuthorClient;
  declare channel: Channel;
  /** Undefined while the posts are looked through. */
  declare checked: EndChecklist | 'not-searched' | undefined;
  declare failed: boolean;

  open(): void {
    this.checked = undefined;
    this.failed = false;
    this.#dialog.showModal();
    void this.#check();
  }

  protected override render(): TemplateResult {
    const words = coverageWordsIn(this.language);
    const { checked, failed } = this;
    const isClear = checked !== undefined && checked !== 'not-searched' && this.#leftOpen(checked, words).length === 0;
    return html`<dialog class="desk-dialog" aria-labelledby="end-name"><h2 id="end-name">${words.endTitle}</h2>
<p>${words.endIntro}</p><div class="desk-checklist" aria-live="polite">${this.#checklist(words)}</div>
${failed ? html`<p class="fault" role="alert">${coverageFormWordsIn(this.language).answers['not-stored']}</p>` : nothing}
<p class="desk-buttons"><button type="button" class="desk-button" ?disabled=${checked === undefined} @click=${this.#end}>${isClear || checked === undefined ? words.endNow : words.endAnyway}</button>
<button type="button" class="desk-button plain" @click=${this.#close}>${coverageFormWordsIn(this.language).cancel}</button></p></dialog>`;
  }

  #checklist(words: CoverageWords): TemplateResult {
    const { checked } = this;
    if (checked === undefined) return html`<p>${words.looking}</p>`;
    if (checked === 'not-searched') return html`<p>${words.notSearched}</p>`;
    const open = this.#leftOpen(checked, words);
    return html`${open.length === 0 ? html`<p>${words.allDone}</p>` : html`<ul>${open}</ul>`}
${checked.hasOlder ? html`<p class="hint">${this.#counted(words.searched, checked.searched)}</p>` : nothing}`;
  }

  /** An entry for each thing that is still open. */
  #leftOpen({ unverified, developing, summary, unsent, drafts, searched }: EndChecklist, words: CoverageWords): TemplateResult[] {
    const entries: TemplateResult[] = [];
    if (unsent > 0) entries.push(html`<li>${this.#counted(words.unsent, unsent)}</li>`);
    if (drafts > 0) entries.push(html`<li>${this.#counted(words.drafts, drafts)}</li>`);
    if (unverified.length > 0) entries.push(this.#posts(words.unverified, unverified, words));
    if (developing.length > 0) entries.push(this.#posts(words.developing, developing, words));
    if (summary !== undefined && summary.newer > 0)
      entries.push(html`<li>${this.#counted(words.summaryOld, summary.newer)}</li>`);
    if (summary === undefined && searched > 0) entries.push(html`<li>${words.noSummary}</li>`);
    return entries;
  }

  #posts(sentence: Plural, posts: readonly SeenPost[], words: CoverageWords): TemplateResult {
    const { id, language } = this.channel;
    const links = posts.slice(0, namedMost).map((post) => {
      return html`<li><a href=${basePath + postPath(id, post.id)} target="_blank" lang=${language} dir="auto">${post.headline ?? words.withoutHeadline}</a></li>`;
    });
    return html`<li>${this.#counted(sentence, posts.length)}<ul>${links}</ul></li>`;
  }

  #counted(plural: Plural, count: number): string {
    return counted(plural, count, { language: this.language });
  }

  async #check(): Promise<void> {
    const { id } = this.channel;
    try {
      const { posts, hasOlder } = await newestPosts(this.client, id);
      this.checked = checkBeforeEnd({ channelId: id, posts, hasOlder, entries: this.outbox.entries, drafts: this.drafts.list });
    } catch {
      this.checked = 'not-searched';
    }
  }

  get #dialog(): HTMLDialogElement {
    return this.querySelector('dialog') as HTMLDialogElement;
  }

  readonly #close = (): void => this.#dialog.close();

  readonly #end = async (): Promise<void> => {
    this.failed = false;
    try {
      const patch = { state: 'ended' } as const;
      await this.outbox.add({ type: 'update-channel', channelId: this.channel.id, expected: '*', patch }, { holdMs: 0 });
      this.#close();
    } catch {
      this.failed = true;
    }
  };
}

async function newestPosts(client: AuthorClient, channelId: string): Promise<{ posts: SeenPost[]; hasOlder: boolean }> {
  const posts: SeenPost[] = [];
  let hasOlder = true;
  while (hasOlder && posts.length < checkedPostsMost) {
    const before = posts.at(-1)?.seq;
    const query = { limit: pageMost, ...(before !== undefined && { before }) };
    const page = await client.listPosts(channelId, query, { deadlineMs: readMs });
    posts.push(...page.posts);
    hasOlder = page.more && page.posts.length > 0;
  }
  return { posts, hasOlder };
}
