import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import type { Random } from '../../../support/samples/random.ts';
import type { DeskSnapshot, DeskTab, Press, SeenEntry } from './desk-tab.ts';
import { type WrittenText, WrittenTexts } from './written-texts.ts';

/** After this time a change is stored. */
const storedMs = 600;
/** How long an author looks at a text that they have published before they press again. */
const takenMs = 10_000;

/** An author at the desk: what they do in a tab, at random, and what they were told about each of their texts. */
export class DeskWriter {
  readonly sub: string;
  readonly texts = new WrittenTexts();
  readonly #random: Random;
  #count = 0;

  constructor(sub: string, random: Random) {
    this.sub = sub;
    this.#random = random;
  }

  /** The desk of this author, if this tab shows it. */
  async at(tab: DeskTab): Promise<DeskSnapshot | undefined> {
    const seen = await tab.look();
    return seen?.sub === this.sub && seen.composer !== undefined ? seen : undefined;
  }

  /** Writes a post, or goes on with the one in the composer. Returns its text. */
  async write(tab: DeskTab): Promise<WrittenText | undefined> {
    await tab.bringToFront();
    const seen = await this.at(tab);
    if (seen === undefined) return undefined;
    const restored = this.texts.of(seen.composer?.text);
    if (restored !== undefined) return restored;
    const text = this.#next();
    const written = this.texts.write(text, 'publish');
    const isTyped = await this.#attempt(tab, async () => {
      await tab.text.click();
      await this.#type(tab, text);
      await this.#until(tab, 'the composer', ({ composer }) => composer?.text.includes(text) || undefined);
    });
    const typed = (await this.at(tab))?.composer?.text;
    if (!isTyped || typed === undefined) return undefined;
    if (typed !== text) return this.#restore(tab, this.texts.of(typed.replace(text, '')));
    if (this.#random.chance(0.3)) await this.#addPicture(tab);
    await this.#linger(tab, written);
    return written;
  }

  async #addPicture(tab: DeskTab): Promise<void> {
    const composer = tab.page.locator('desk-composer');
    const before = (await this.at(tab))?.composer?.pictures.length ?? 0;
    await this.#attempt(tab, async () => {
      const red = this.#random.below(256);
      const background = { r: red, g: this.#random.below(256), b: this.#random.below(256) };
      const buffer = await sharp({ create: { width: 64, height: 48, channels: 3, background } })
        .jpeg()
        .toBuffer();
      const file = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer };
      await composer.locator('input[type="file"][multiple]').setInputFiles(file, { timeout: 2_000 });
      await this.#until(tab, 'the picture', ({ composer: now }) => (now?.pictures.length ?? 0) > before || undefined);
    });
  }

  /** Describes the pictures in the composer, without which the desk publishes none. Returns false if that was not possible. */
  async #describePictures(tab: DeskTab, written: WrittenText): Promise<boolean> {
    const fields = tab.page.locator('desk-composer .composer-row[data-media="image"]').getByLabel('What the picture shows');
    const isDescribed = await this.#attempt(tab, async () => {
      const count = (await this.at(tab))?.composer?.pictures.length ?? 0;
      if (count === 0) return;
      // The fields are folded away in a draft that was opened again.
      const more = tab.page.locator('desk-composer .composer-more');
      await more.evaluate((details) => details.setAttribute('open', ''), undefined, { timeout: 2_000 });
      for (let at = 0; at < count; at += 1) {
        const description = `Picture ${at + 1}: ${written.text}`;
        await fields.nth(at).fill(description, { timeout: 2_000 });
        await this.#until(tab, 'the description', ({ composer }) => composer?.pictures[at] === description || undefined);
      }
    });
    const composer = (await this.at(tab))?.composer;
    if (!isDescribed || composer?.text !== written.text || composer.pictures.includes('')) return false;
    written.pictures = composer.pictures;
    return true;
  }

  /** The desk opened a draft just before its author typed another text, which was added to it. The author goes on with the draft. */
  async #restore(tab: DeskTab, draft: WrittenText | undefined): Promise<WrittenText | undefined> {
    if (draft === undefined) return undefined;
    const isRestored = await this.#attempt(tab, async () => {
      await tab.text.click();
      await tab.page.keyboard.press('ControlOrMeta+a');
      await tab.page.keyboard.insertText(draft.text);
      await this.#until(tab, 'the draft', ({ composer }) => composer?.text === draft.text || undefined);
    });
    return isRestored ? draft : undefined;
  }

  async publish(tab: DeskTab): Promise<void> {
    const written = await this.write(tab);
    if (written === undefined || tab.isGone) return;
    if (this.#random.chance(0.15)) await this.#attempt(tab, () => this.#choose(tab, 'Breaking'));
    if (!(await this.#describePictures(tab, written))) return;
    await this.#attempt(tab, () => tab.text.focus());
    written.last = 'pressed';
    const button = tab.page.locator('desk-composer .composer-publish');
    const withKeys = this.#random.chance(0.5);
    const press = () => this.#attempt(tab, () => (withKeys ? tab.page.keyboard.press('Control+Enter') : button.click()));
    const isPressed = await press();
    // An author whose text stays where it was presses again.
    if (!(await this.#isTaken(tab, written))) {
      console.warn(`${this.sub}: ${written.text} stayed, keys ${withKeys}, pressed ${isPressed}: ${await composerOf(tab)}`);
      await this.#attempt(tab, () => tab.text.focus());
      await press();
    }
    await this.#untilAccepted(tab, written);
  }

  /** False: the text is still in the composer, and nowhere else. */
  async #isTaken(tab: DeskTab, { text }: WrittenText): Promise<boolean> {
    const isTaken = ({ entries, composer }: DeskSnapshot) =>
      composer?.text !== text || entries.some((entry) => entry.text === text) || undefined;
    return this.#until(tab, 'the press', isTaken, takenMs).then(
      () => true,
      () => false,
    );
  }

  /** Opens a post by `E`, or goes on with the edit that is open, and publishes another text. */
  async correct(tab: DeskTab, postId: string | undefined): Promise<void> {
    await tab.bringToFront();
    const before = await this.at(tab);
    if (before === undefined) return;
    if (before.edit === undefined) {
      if (postId === undefined || !(await tab.edit(postId).catch(() => false))) return;
    }
    const edit = await this.#edit(tab);
    if (edit === undefined) return;
    const restored = this.texts.of(edit.text);
    const isRestored = restored !== undefined && edit.text !== edit.base;
    const text = isRestored ? edit.text : this.#next();
    const written = this.texts.write(text, 'revise', edit.base);
    const form = tab.page.locator('desk-correct');
    const isWritten = await this.#attempt(tab, async () => {
      if (!isRestored) {
        await form.locator('[data-path="body"]').click();
        await tab.page.keyboard.press('ControlOrMeta+a');
        await this.#type(tab, text);
        await this.#until(tab, 'the edit', ({ edit: now }) => now === undefined || now.text === text || undefined);
      }
      await this.#choose(tab, 'Typing slip');
    });
    if (!isWritten) return;
    await this.#linger(tab, written);
    if (this.#random.chance(0.15)) return;
    if (
      await form
        .getByText('This post was withdrawn meanwhile')
        .isVisible()
        .catch(() => true)
    ) {
      await this.#attempt(tab, () => form.getByRole('button', { name: 'Close', exact: true }).click());
      return;
    }
    written.last = 'pressed';
    const button = form.getByRole('button', { name: 'Publish the change' });
    await this.#attempt(tab, async () => {
      if (this.#random.chance(0.5)) await button.click();
      else {
        await form.locator('[data-path="body"]').focus();
        await tab.page.keyboard.press('Control+Enter');
      }
    });
    await this.#untilAccepted(tab, written);
  }

  async retract(tab: DeskTab, postId: string): Promise<void> {
    await tab.bringToFront();
    if ((await this.at(tab)) === undefined) return;
    await this.#attempt(tab, async () => {
      await tab.page.locator(`#posts > [data-post="${postId}"] [data-desk-action="retract"]`).click({ timeout: 1_000 });
      const dialog = tab.page.locator('desk-withdraw dialog');
      await dialog.getByLabel('Why it is retracted').fill('It did not happen.');
      await dialog.getByRole('button', { name: 'Retract', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    });
  }

  /** "Undo" or "Edit" of something that was not sent yet. */
  async takeBack(tab: DeskTab, how: 'Undo' | 'Edit'): Promise<void> {
    const entry = await this.#pickEntry(tab, ({ at }) => at === 'held' || at === 'saved');
    const written = this.texts.of(entry?.text);
    if (entry === undefined) return;
    const before = written?.last;
    if (written !== undefined) written.last = 'taking back';
    const press = await tab.press(entry.id, new RegExp(`^${how}`));
    if (written === undefined || before === undefined || press === 'unsure') return;
    if (press === 'absent' && !tab.isGone) {
      written.last = before;
      return;
    }
    const outcome = await this.#until(tab, `${how} ${entry.text}`, ({ entries, drafts, composer, edit }) => {
      const still = entries.find(({ id }) => id === entry.id);
      if (still !== undefined) return still.at === 'held' || still.at === 'saved' ? undefined : 'too late';
      const isBack = [...drafts.map(({ text }) => text), composer?.text, edit?.text].includes(entry.text);
      return isBack ? 'back' : undefined;
    });
    if (outcome === 'back') written.last = 'taken back';
    if (outcome === 'too late') written.last = before;
  }

  async sendNow(tab: DeskTab): Promise<void> {
    const entry = await this.#pickEntry(tab, ({ at }) => at === 'held');
    const written = this.texts.of(entry?.text);
    if (entry === undefined) return;
    if (written !== undefined) written.leavesAt = undefined;
    await tab.press(entry.id, /^Send now/);
  }

  /** Decides about something that waits for its author. */
  async decide(tab: DeskTab): Promise<void> {
    await tab.bringToFront();
    const entry = await this.#pickEntry(tab, ({ at }) => at === 'asking' || at === 'refused' || at === 'conflict');
    const written = this.texts.of(entry?.text);
    if (entry === undefined) return;
    const choices = {
      asking: [this.#publishAsking, this.#publishAsking, this.#keepAsDraft, this.#discard],
      refused: [this.#keepAsDraft, this.#discard],
      conflict: [this.#keepMine, this.#takeTheirs, this.#keepAsDraft, this.#discard],
    }[entry.at as 'asking' | 'refused' | 'conflict'];
    await this.#random.pickAny(choices)?.call(this, tab, entry, written);
  }

  async #publishAsking(tab: DeskTab, { id }: SeenEntry, written: WrittenText | undefined): Promise<void> {
    if (written !== undefined) written.leavesAt = undefined;
    await tab.press(id, /^Publish/);
  }

  async #keepAsDraft(tab: DeskTab, entry: SeenEntry, written: WrittenText | undefined): Promise<void> {
    await this.#leaveOutbox(tab, entry, written, ['taking back', 'taken back'], () => tab.press(entry.id, /^Keep as draft/));
  }

  async #discard(tab: DeskTab, entry: SeenEntry, written: WrittenText | undefined): Promise<void> {
    const press = () => tab.press(entry.id, /^Discard:/, /^Discard for good/);
    await this.#leaveOutbox(tab, entry, written, ['discarding', 'discarded'], press);
  }

  async #takeTheirs(tab: DeskTab, entry: SeenEntry, written: WrittenText | undefined): Promise<void> {
    await this.#leaveOutbox(tab, entry, written, ['taking back', 'taken back'], async () => {
      if (!(await this.#compare(tab, entry.id))) return 'absent';
      return tab.click(tab.page.getByRole('dialog').getByRole('button', { name: /^(?:Take theirs|Keep mine as a draft)$/ }));
    });
  }

  /** Publishes the same text on top of what stands there now. */
  async #keepMine(tab: DeskTab, entry: SeenEntry, written: WrittenText | undefined): Promise<void> {
    if (!(await this.#compare(tab, entry.id))) return;
    const dialog = tab.page.getByRole('dialog');
    const standing = await tab.page
      .evaluate<string | undefined>("document.querySelector('desk-conflict').standing?.post?.body")
      .catch(() => undefined);
    const mine = dialog.getByRole('button', { name: 'Keep mine', exact: true });
    if (standing === undefined || !(await mine.isVisible().catch(() => false))) {
      await this.#attempt(tab, () => dialog.getByRole('button', { name: 'Close' }).first().click());
      return;
    }
    if (written !== undefined) Object.assign(written, { sawBefore: standing, leavesAt: undefined });
    await this.#attempt(tab, () => mine.click());
    await this.#until(tab, 'keep mine', ({ entries }) => !entries.some(({ id }) => id === entry.id) || undefined);
  }

  async #compare(tab: DeskTab, id: string): Promise<boolean> {
    if ((await tab.press(id, /^Compare/)) !== 'pressed') return false;
    const dialog = tab.page.getByRole('dialog');
    // Without the network what stands on the server is not shown.
    const loaded = dialog.getByRole('button', { name: /^(?:Keep mine|Retract|Keep mine as a draft)$/ }).first();
    return this.#attempt(tab, () => loaded.waitFor());
  }

  async #leaveOutbox(
    tab: DeskTab,
    entry: SeenEntry,
    written: WrittenText | undefined,
    [during, after]: [WrittenText['last'], WrittenText['last']],
    press: () => Promise<Press>,
  ): Promise<void> {
    const before = written?.last;
    if (written !== undefined) written.last = during;
    const pressed = await press();
    if (written === undefined || before === undefined || pressed === 'unsure') return;
    if (pressed === 'absent' && !tab.isGone) {
      written.last = before;
      return;
    }
    const outcome = await this.#until(tab, `${after}: ${entry.text}`, ({ entries }) => {
      const still = entries.find(({ id }) => id === entry.id);
      if (still === undefined) return 'gone';
      // Decided in another tab.
      return still.at === entry.at ? undefined : 'stays';
    });
    if (outcome === 'gone') written.last = after;
    if (outcome === 'stays') written.last = before;
  }

  async openDraft(tab: DeskTab): Promise<void> {
    const seen = await this.at(tab);
    const draft = this.#random.pickAny(
      seen?.drafts.filter(({ type, text }) => type === 'publish' && text !== seen.composer?.text) ?? [],
    );
    if (draft?.text === undefined) return;
    await this.#attempt(tab, async () => {
      const list = tab.page.locator('desk-drafts details');
      if ((await list.getAttribute('open', { timeout: 2_000 })) === null) await list.locator('summary').click();
      await list.getByRole('button', { name: `Open: ${draft.text}` }).click({ timeout: 2_000 });
    });
    await pause(100);
  }

  async #untilAccepted(tab: DeskTab, written: WrittenText): Promise<void> {
    if (this.#random.chance(0.15)) return;
    const entry = await this.#until(tab, `accept ${written.text}`, ({ entries }) =>
      entries.find(({ text, at }) => text === written.text && at !== 'conflict' && at !== 'refused'),
    );
    if (entry !== undefined) this.texts.accepted(written, entry);
  }

  /** The edit that is open, once it is loaded. Undefined: it could not be. */
  async #edit(tab: DeskTab): Promise<DeskSnapshot['edit']> {
    const form = tab.page.locator('desk-correct');
    const loaded = form.locator('[data-path="body"]');
    const failed = form.getByRole('button', { name: 'Try again' });
    const isOpen = await this.#attempt(tab, () => loaded.or(failed).first().waitFor());
    if (!isOpen) return undefined;
    const edit = (await this.at(tab))?.edit;
    if (edit === undefined) await this.#attempt(tab, () => form.getByRole('button', { name: 'Close', exact: true }).click());
    return edit;
  }

  async #choose(tab: DeskTab, name: string): Promise<void> {
    const form = name === 'Breaking' ? 'desk-composer' : 'desk-correct';
    await tab.page.locator(form).getByRole('radio', { name }).first().check({ force: true, timeout: 5_000 });
  }

  async #type(tab: DeskTab, text: string): Promise<void> {
    if (this.#random.chance(0.5)) await tab.page.keyboard.type(text);
    else await tab.page.keyboard.insertText(text);
  }

  /** Sometimes looks at a text until it is stored. */
  async #linger(tab: DeskTab, written: WrittenText): Promise<void> {
    if (this.#random.chance(0.5)) return;
    await pause(storedMs);
    if (!tab.isGone) written.wasStored = true;
  }

  async #pickEntry(tab: DeskTab, isMeant: (entry: SeenEntry) => boolean): Promise<SeenEntry | undefined> {
    const seen = await this.at(tab);
    return this.#random.pickAny(seen?.entries.filter(isMeant) ?? []);
  }

  /** Undefined: the tab is gone, or it is the desk of another author now. */
  async #until<T>(tab: DeskTab, what: string, fact: (seen: DeskSnapshot) => T | undefined, ms?: number): Promise<T | undefined> {
    const found = await tab.until(what, (seen) => (seen.sub === this.sub ? wrapped(fact(seen)) : {}), ms);
    return found?.value;
  }

  /** False: the tab is gone, or the author cannot do that now. */
  async #attempt(tab: DeskTab, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!tab.isGone && !/Timeout|closed|crashed|detached|navigat|context/i.test(String(error))) throw error;
      return false;
    }
  }

  #next(): string {
    this.#count += 1;
    return `Text ${this.#count} of ${this.sub}.`;
  }
}

/** What the composer says, for the report of a press that had no effect. */
async function composerOf(tab: DeskTab): Promise<string> {
  const seen = tab.page.evaluate<string>(`(() => {
    const composer = document.querySelector('desk-composer');
    const { activeElement } = document;
    return JSON.stringify([activeElement?.outerHTML.slice(0, 100), composer?.querySelector('.composer-foot')?.textContent]);
  })()`);
  return seen.catch(String);
}

function wrapped<T>(value: T | undefined): { value?: T } | undefined {
  return value === undefined ? undefined : { value };
}
