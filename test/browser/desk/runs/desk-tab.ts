import type { Locator, Page } from 'playwright-core';
import { vi } from 'vitest';
import type { EntryState, Write } from '../../../../client/browser/desk/outbox/outbox-model.ts';
import { away } from '../../browser.ts';
import { deskPost } from '../changes/changes-suite.ts';

/** The state of a tab of the desk, and the texts that it shows. */
export interface DeskSnapshot {
  /** The author who is signed in at this desk. */
  sub: string | undefined;
  entries: SeenEntry[];
  drafts: { text: string | undefined; type: Write['type'] }[];
  /** The text in the composer. Undefined: there is none. */
  composer: { text: string; kind: string; pictures: string[] } | undefined;
  /** The post that is being edited, and its text as it was and as it is. */
  edit: { postId: string; base: string; text: string } | undefined;
  /** The lines of the outbox, by entry. */
  lines: { id: string; at: EntryState['at']; text: string }[];
}

export interface SeenEntry {
  id: string;
  type: Write['type'];
  postId: string | undefined;
  /** The body that is written, or the note of a withdrawal. */
  text: string | undefined;
  /** The descriptions of its pictures. */
  pictures: string[];
  at: EntryState['at'];
  until: number | undefined;
  addedAt: number;
  urgent: boolean;
  waitsFor: string | undefined;
  protection: string;
}

const snapshotScript = `(() => {
  const { outbox, drafts, session } = document.querySelector('desk-outbox') ?? {};
  const textOf = (write) => write.type === 'publish' ? write.post.body : (write.revision?.changes.body ?? write.note);
  const picturesOf = (media = []) => media.filter(({ type }) => type === 'image').map(({ alt }) => alt);
  const draft = document.querySelector('desk-composer')?.draft;
  const edit = document.querySelector('desk-correct');
  return {
    sub: session?.sub,
    entries: (outbox?.entries ?? []).map(({ id, write, state, addedAt, urgent, waitsFor }) => ({
      id, type: write.type, postId: write.postId ?? write.post?.id, text: textOf(write),
      pictures: picturesOf(write.post?.media), at: state.at, until: state.until, addedAt, urgent, waitsFor,
    })),
    drafts: (drafts?.list ?? []).map(({ write }) => ({ type: write.type, text: textOf(write) })),
    composer: draft && { text: draft.body, kind: draft.kind, pictures: picturesOf(draft.media) },
    edit: edit?.change && { postId: edit.postId, base: edit.change.base.body, text: edit.change.draft.body },
    lines: [...document.querySelectorAll('desk-outbox li')].map((line) => (
      { id: line.dataset.entry, at: line.dataset.state, text: line.textContent }
    )),
  };
})()`;

/**
 * `absent`: there was no such button, so nothing was pressed. `unsure`: it was there, and the browser gave no answer in time. It may
 * still be pressed.
 */
export type Press = 'pressed' | 'absent' | 'unsure';

/** The error that Firefox reports if a page is closed or left while its script loads. */
const interrupted = /ServiceWorker intercepted the request/;

/** How long an author waits for a button that may be gone, milliseconds. */
const buttonMs = 2_000;
/** How long something takes that needs no server. A busy machine is slow. */
const localMs = 30_000;
/** How long an author tries something, milliseconds. */
export const patienceMs = 8_000;

/** A tab of the desk, and what its author does in it. */
export class DeskTab {
  readonly page: Page;
  /** The tab was closed, or has crashed. */
  isGone = false;
  readonly faults: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patienceMs);
    page.setDefaultNavigationTimeout(90_000);
    page.on('pageerror', (error) => {
      if (!away.test(String(error)) && !interrupted.test(String(error))) this.faults.push(String(error));
    });
    page.on('close', () => this.#end());
    page.on('crash', () => this.#end());
  }

  get isChromium(): boolean {
    return this.page.context().browser()?.browserType().name() !== 'firefox';
  }

  /** Kills the process of the page. */
  async crash(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    // The process dies, so it never answers.
    void session.send('Page.crash').catch(() => {});
    const died = () => {
      if (!this.isGone) throw new Error('The page has not crashed.');
    };
    await vi.waitFor(died, { timeout: localMs });
    await this.page.close().catch(() => {});
  }

  #end(): void {
    this.isGone = true;
  }

  /** Undefined if the tab shows no desk. */
  async look(): Promise<DeskSnapshot | undefined> {
    if (this.isGone) return undefined;
    const seen = await this.page.evaluate<DeskSnapshot>(snapshotScript).catch(() => undefined);
    return seen?.sub === undefined ? undefined : seen;
  }

  /** Goes to the tab, and closes the dialog that is open. */
  async bringToFront(): Promise<void> {
    try {
      // In a tab behind another, Firefox types nothing.
      await this.page.bringToFront();
      const dialog = this.page.locator('dialog[open]');
      if ((await dialog.count()) > 0) await this.page.keyboard.press('Escape');
    } catch {
      // It is gone.
    }
  }

  /** Whether a page could be shown: the desk, even without a network. */
  async open(address: string): Promise<boolean> {
    try {
      await this.page.goto(address, { waitUntil: 'commit' });
      await this.page.locator('desk-app main').waitFor();
      return true;
    } catch {
      return false;
    }
  }

  /** Waits until `fact` has a value in what the tab shows. Undefined: the tab is gone. */
  async until<T>(what: string, fact: (seen: DeskSnapshot) => T | undefined, ms = localMs): Promise<T | undefined> {
    let seen: DeskSnapshot | undefined;
    const find = async () => {
      if (this.isGone) return { value: undefined };
      seen = await this.look();
      const value = seen && fact(seen);
      if (value !== undefined) return { value };
      throw new Error(`${what}: ${JSON.stringify(seen)}`);
    };
    return (await vi.waitFor(find, { timeout: ms, interval: 30 })).value;
  }

  get text(): Locator {
    return this.page.locator('desk-composer [data-path="body"]');
  }

  /** Presses the buttons of an entry, one after the other. */
  async press(id: string, ...buttons: RegExp[]): Promise<Press> {
    for (const name of buttons) {
      const press = await this.click(this.page.locator(`desk-outbox [data-entry="${id}"]`).getByRole('button', { name }));
      if (press !== 'pressed') return press;
    }
    return 'pressed';
  }

  async click(button: Locator): Promise<Press> {
    try {
      await button.click({ trial: true, timeout: buttonMs });
    } catch {
      return 'absent';
    }
    try {
      await button.click({ timeout: buttonMs });
      return 'pressed';
    } catch {
      return 'unsure';
    }
  }

  async leaveText(): Promise<void> {
    await this.page.keyboard.press('Escape');
  }

  /** Opens the edit of a post by its button. Returns false if the author may not change it. */
  async edit(postId: string): Promise<boolean> {
    const article = deskPost(this.page, postId);
    const button = article.locator('[data-desk-action="edit"]');
    if ((await button.count()) === 0) return false;
    await this.leaveText();
    await button.focus();
    await this.page.keyboard.press('Enter');
    return true;
  }
}
