import { html, nothing, type TemplateResult } from 'lit';
import { clockTime } from '../app/clock-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import type { DeskModel } from '../app/desk-model.ts';
import { deskPath, signInPath } from '../app/places.ts';
import { appWordsIn } from '../i18n/app/index.ts';
import { signInWordsIn } from '../i18n/sign-in.ts';
import { type SessionEnd, sessionEndOf, warningMs } from './session-changes.ts';

/** `<desk-session-end>`: warns ten minutes before the session ends, and says how to go on after its end. */
export class DeskSessionEnd extends DeskElement {
  static override properties = { desk: { attribute: false }, read: { state: true } };
  declare desk: DeskModel;
  /** The notice that the author has closed. */
  declare private read: SessionEnd['at'] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override enter(): (() => void)[] {
    return [this.desk.subscribe(() => this.requestUpdate()), () => clearTimeout(this.#timer)];
  }

  protected override render(): TemplateResult {
    const end = sessionEndOf(this.desk.sessionState, this.desk.serverNow);
    if (end === undefined) this.read = undefined;
    return html`<div role="status">${end === undefined || end.at === this.read ? nothing : this.#notice(end)}</div>`;
  }

  #notice({ at, ms }: SessionEnd): TemplateResult {
    const words = signInWordsIn(this.language);
    const isSoon = at === 'soon';
    const close = appWordsIn(this.language).done;
    const heading = isSoon ? words.endsAt(clockTime(ms, this.language)) : words.ended;
    // In another tab, so that this page stays as it is.
    return html`<section class="desk-session-end" aria-labelledby="desk-session-end"><p><strong id="desk-session-end">${heading}</strong>. ${isSoon ? words.endsHow : words.endedHow}</p>
<a class="desk-button plain" href=${signInPath(deskPath)} target="_blank" rel="noopener">${words.signInAgain}</a>
<button type="button" class="desk-remove" aria-label=${close} title=${close} @click=${() => (this.read = at)}>×</button></section>`;
  }

  protected override updated(): void {
    const { session } = this.desk;
    clearTimeout(this.#timer);
    if (session === undefined) return;
    const left = Date.parse(session.expiresAt) - this.desk.serverNow;
    const next = [left - warningMs, left].find((ms) => ms > 0);
    if (next === undefined) return;
    this.#timer = setTimeout(() => {
      this.requestUpdate();
      if (next === left) void this.desk.loadSession();
    }, next);
  }
}
