import { html, nothing, type TemplateResult } from 'lit';
import { clockTime } from '../app/clock-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import type { DeskModel } from '../app/desk-model.ts';
import { signInWordsIn } from '../i18n/sign-in.ts';
import { type SessionEnd, sessionEndOf, warningMs } from './session-changes.ts';

/** `<desk-session-end>`: warns ten minutes before the session ends, and says how to go on after its end. */
export class DeskSessionEnd extends DeskElement {
  static override properties = { desk: { attribute: false } };
  declare desk: DeskModel;
  #timer: ReturnType<typeof setTimeout> | undefined;

  protected override enter(): (() => void)[] {
    return [this.desk.subscribe(() => this.requestUpdate()), () => clearTimeout(this.#timer)];
  }

  protected override render(): TemplateResult {
    const end = sessionEndOf(this.desk.sessionState, this.desk.serverNow);
    return html`<div role="status">${end === undefined ? nothing : this.#notice(end)}</div>`;
  }

  #notice({ at, ms }: SessionEnd): TemplateResult {
    const words = signInWordsIn(this.language);
    const isSoon = at === 'soon';
    const heading = isSoon ? words.endsAt(clockTime(ms, this.language)) : words.ended;
    // In another tab, so that this page stays as it is.
    return html`<section class="desk-session-end" aria-labelledby="desk-session-end"><p><strong id="desk-session-end">${heading}</strong>. ${isSoon ? words.endsHow : words.endedHow}</p>
<a class="desk-button plain" href="/sign-in?to=%2Fdesk%2F" target="_blank" rel="noopener">${words.signInAgain}</a></section>`;
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
