import { html, nothing, type TemplateResult } from 'lit';
import type { Problem } from '../../../../src/protocol/problems.ts';
import { Http, isTransient, ProblemError } from '../../../lib/http.ts';
import { basePath } from '../app/base-path.ts';
import { clockTime } from '../app/clock-time.ts';
import { DeskElement } from '../app/desk-element.ts';
import { deskPath, signInPath } from '../app/places.ts';
import { type SignInWords, signInWordsIn } from '../i18n/sign-in.ts';
import { type LinkClaims, linkClaimsOf } from './link-claims.ts';
import type { DeskSession } from './session.ts';

/**
 * `<desk-sign-in>`: the page of a sign-in link. It names the person for whom the link is, and spends its code only when the button is pressed.
 * `desk-signed-in` is dispatched once the session is in the cookie.
 *
 *     ready ──press──▶ busy ──▶ signed in
 *       ▲               │ ├──▶ refused: the link helps no more
 *       └── try again ◀─┘ └──▶ unanswered: the link may be used, and a retry is safe
 */
type State = { at: 'ready' } | { at: 'busy' } | { at: 'refused'; problem: Problem } | { at: 'unanswered' };

export class DeskSignIn extends DeskElement {
  static override properties = {
    code: { attribute: false },
    session: { attribute: false },
    state: { state: true },
  };
  declare code: string;
  /** The session that the link would replace. */
  declare session: DeskSession | undefined;
  declare state: State;

  constructor() {
    super();
    this.state = { at: 'ready' };
  }

  protected override willUpdate(changed?: Map<string, unknown>): void {
    super.willUpdate();
    // Another link was opened in this tab.
    if (changed?.has('code')) this.state = { at: 'ready' };
  }

  protected override render(): TemplateResult {
    const words = signInWordsIn(this.language);
    const claims = linkClaimsOf(this.code);
    if (claims === undefined) return this.#alone(words.notWhole, html`<p>${words.notWholeHow}</p>${this.#otherWays(words)}`);
    const { state } = this;
    if (state.at === 'refused') return this.#refused(state.problem, claims, words);
    return this.#alone(
      words.signInAs(claims.name),
      html`${this.#facts(claims, words)}
${this.#replaced(claims, words)}
<p class="hint">${words.once}</p>
${state.at === 'unanswered' ? html`<p class="fault" role="alert">${words.unanswered}</p>` : nothing}
<p><button type="button" class="desk-button" ?disabled=${state.at === 'busy'} @click=${this.#press}>${this.#label(words)}</button></p>
<p class="hint" role="status">${state.at === 'busy' ? words.signingIn : nothing}</p>`,
    );
  }

  #alone(heading: string, content: TemplateResult): TemplateResult {
    return html`<div class="desk-alone desk-link"><h1>${heading}</h1>
${content}</div>`;
  }

  #label(words: SignInWords): string {
    return this.state.at === 'unanswered' ? words.again : words.signIn;
  }

  #facts({ rights, sessionSeconds }: LinkClaims, words: SignInWords): TemplateResult {
    const until = clockTime(Date.now() + sessionSeconds * 1_000, this.language);
    const { admin, editor, author, reader } = rights;
    const roles = admin
      ? html`<li>${words.administrator}</li>`
      : html`${this.#role(words.editor, editor, words)}${this.#role(words.author, author, words)}${this.#role(words.reader, reader, words)}`;
    const isNothing = !admin && editor.length + author.length + reader.length === 0;
    return html`<ul class="desk-roles">${isNothing ? html`<li>${words.noRights}</li>` : roles}<li>${words.until(until)}</li></ul>`;
  }

  #role(name: string, patterns: readonly string[], words: SignInWords): TemplateResult | typeof nothing {
    if (patterns.length === 0) return nothing;
    const all = patterns.includes('*');
    return html`<li>${name} ${all ? words.allCoverage : patterns.map((pattern, at) => html`${at > 0 ? ', ' : ''}<bdi>${pattern}</bdi>`)}</li>`;
  }

  #replaced({ sub, name }: LinkClaims, words: SignInWords): TemplateResult | typeof nothing {
    const { session } = this;
    if (session === undefined || session.sub === sub) return nothing;
    return html`<p>${words.replaces(session.name, name)}</p>`;
  }

  #refused(problem: Problem, { usableUntil }: LinkClaims, words: SignInWords): TemplateResult {
    if (problem.code === 'link-used') {
      return this.#alone(words.used, html`<p role="alert">${words.usedHow}</p>${this.#toDesk(words)}${this.#otherWays(words)}`);
    }
    if (problem.code === 'token-invalid') {
      const heading = usableUntil <= Date.now() ? words.expired : words.invalid;
      return this.#alone(heading, html`<p role="alert">${words.askForAnother}</p>${this.#otherWays(words)}`);
    }
    const said = problem.detail ?? problem.title;
    return this.#alone(
      words.refused,
      html`<p role="alert">${words.refusedHow}</p>
<p class="hint"><bdi lang="en" dir="ltr">${said}</bdi></p>
<p><button type="button" class="desk-button" @click=${this.#press}>${words.again}</button></p>`,
    );
  }

  /** A link that was used here before leads back to the desk. */
  #toDesk(words: SignInWords): TemplateResult | typeof nothing {
    const { session } = this;
    return session === undefined
      ? nothing
      : html`<p><a class="desk-button" href=${deskPath}>${words.goOnAs(session.name)}</a></p>`;
  }

  #otherWays(words: SignInWords): TemplateResult {
    return html`<p><a href=${signInPath(deskPath)}>${words.otherWays}</a></p>`;
  }

  readonly #press = async (): Promise<void> => {
    const { code } = this;
    const wasUnanswered = this.state.at === 'unanswered';
    this.state = { at: 'busy' };
    try {
      if (!(wasUnanswered && (await this.#isSignedIn()))) {
        await new Http({ url: basePath, token: code }).request({ method: 'POST', path: '/v1/session' });
      }
      this.dispatchEvent(new CustomEvent('desk-signed-in', { bubbles: true }));
    } catch (error) {
      if (this.code !== code) return;
      const problem = error instanceof ProblemError && !isTransient(error.problem) ? error.problem : undefined;
      this.state = problem === undefined ? { at: 'unanswered' } : { at: 'refused', problem };
    }
  };

  /** The cookie may have arrived although the rest of the answer did not. */
  async #isSignedIn(): Promise<boolean> {
    const { body } = await new Http({ url: basePath }).get('/v1/session');
    const now = (body as { session: DeskSession | null }).session;
    const before = this.session;
    return now !== null && now.sub === linkClaimsOf(this.code)?.sub && now.expiresAt !== before?.expiresAt;
  }
}
