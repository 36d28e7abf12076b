import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { type Person, type Source, verifications } from '../../../../src/protocol/model.ts';
import { type PostForm, removeButton, replaced, rowsOf, textField, without } from './form.ts';

/** The fields for the authors and sources of a post, and for its verification. */

export function verificationField({ draft, words, id, change }: PostForm): TemplateResult {
  const choose = ({ target }: { target: HTMLSelectElement }) =>
    change({ verification: verifications.find((one) => one === target.value) ?? null });
  return html`<div class="composer-field"><label for=${id('verification')}>${words.verification}</label>
<select id=${id('verification')} data-path="verification" .value=${live(draft.verification ?? '')} @change=${choose}>
<option value="">${words.notStated}</option>${verifications.map(
    (one) => html`<option value=${one} ?selected=${draft.verification === one}>${words.verifications[one]}</option>`,
  )}</select></div>`;
}

export function sourceFields(form: PostForm): TemplateResult {
  const { draft, words, change } = form;
  const set = (at: number, fields: Partial<Source>) =>
    change({ sources: replaced(draft.sources, at, { ...(draft.sources[at] as Source), ...fields }) });
  const rows = draft.sources.map(
    ({ name, via, url }, at) => html`<div class="composer-row">
${textField(form, { path: `sources[${at}].name`, label: words.source, value: name, change: (value) => set(at, { name: value }) })}
${textField(form, { path: `sources[${at}].via`, label: words.via, value: via, change: (value) => set(at, { via: value }) })}
${textField(form, { path: `sources[${at}].url`, label: words.address, value: url, kind: 'address', change: (value) => set(at, { url: value }) })}
${removeButton(words, name || words.source, () => change({ sources: without(draft.sources, at) }))}</div>`,
  );
  const add = () => {
    change({ sources: [...draft.sources, { name: '' }] });
    return `sources[${draft.sources.length}].name`;
  };
  return rowsOf(form, words.sources, rows, [{ label: words.addSource, add }]);
}

/** `known`: the names that were used on this device. `signedIn`: the byline of a post that names nobody. */
export function bylineFields(form: PostForm, known: readonly Person[], signedIn: string): TemplateResult {
  const { draft, words, id, change } = form;
  const set = (at: number, fields: Partial<Person>) =>
    change({ authors: replaced(draft.authors, at, { ...(draft.authors[at] as Person), ...fields }) });
  /** A remembered name brings its function and address along. */
  const setName = (at: number, name: string) => {
    const remembered = known.find((person) => person.name === name);
    const { role, url } = draft.authors[at] as Person;
    set(at, remembered !== undefined && !role && !url ? remembered : { name });
  };
  const rows = draft.authors.map(
    ({ name, role, url }, at) => html`<div class="composer-row">
${textField(form, { path: `authors[${at}].name`, label: words.name, value: name, list: id('bylines'), change: (value) => setName(at, value) })}
${textField(form, { path: `authors[${at}].role`, label: words.role, value: role, change: (value) => set(at, { role: value }) })}
${textField(form, { path: `authors[${at}].url`, label: words.address, value: url, kind: 'address', change: (value) => set(at, { url: value }) })}
${removeButton(words, name || words.name, () => change({ authors: without(draft.authors, at) }))}</div>`,
  );
  const note = draft.authors.length === 0 ? html`<p class="desk-hint">${words.bylineOf(signedIn)}</p>` : nothing;
  const add = () => {
    change({ authors: [...draft.authors, { name: '' }] });
    return `authors[${draft.authors.length}].name`;
  };
  return html`<datalist id=${id('bylines')}>${known.map(({ name }) => html`<option value=${name}></option>`)}</datalist>
${rowsOf(form, words.byline, rows, [{ label: words.addName, add }], note)}`;
}
