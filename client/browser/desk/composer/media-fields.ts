import { html, nothing, type TemplateResult } from 'lit';
import type { ImageMedia, LinkMedia, Media } from '../../../../src/protocol/model.ts';
import { isDecorative, pictureIdOf } from '../pictures/uploads/pictures-in-writes.ts';
import { type PostForm, removeButton, replaced, rowsOf, textField, without } from './form.ts';

/** Pictures of this device or by their address, and cards that link to other pages. Nothing is fetched from these addresses to fill in a field. */
export function mediaFields(form: PostForm): TemplateResult {
  const { draft, words, change } = form;
  const add = (media: Media, first: 'url' | 'title') => () => {
    change({ media: [...draft.media, media] });
    return `media[${draft.media.length}].${first}`;
  };
  const rows = draft.media.map((media, at) => {
    const set = (value: Media) => change({ media: replaced(draft.media, at, value) });
    return html`<div class="composer-row" data-media=${media.type}>${fieldsOf(form, media, at, set)}
${removeButton(words, nameOf(form, media), () => change({ media: without(draft.media, at) }))}</div>`;
  });
  const adders = [
    { label: words.addPicture, add: add({ type: 'image', url: '', alt: '' }, 'url') },
    { label: words.addLink, add: add({ type: 'link', url: '', title: '' }, 'title') },
  ];
  return html`<datalist id=${form.id('credits')}>${form.credits.map((credit) => html`<option value=${credit}></option>`)}</datalist>
${rowsOf(form, words.pictures, rows, adders)}`;
}

/** Buttons for pictures of this device. They are drawn once the room of pictures is loaded. */
export function pictureAdder(form: PostForm): TemplateResult {
  return html`<desk-add-pictures .form=${form} .language=${form.language}></desk-add-pictures>`;
}

function nameOf({ words }: PostForm, media: Media): string {
  switch (media.type) {
    case 'image':
      return media.alt || words.picture;
    case 'link':
      return media.title || words.linkCard;
    case 'video':
      return media.caption || media.url;
  }
}

function fieldsOf(form: PostForm, media: Media, at: number, set: (media: Media) => void): TemplateResult {
  switch (media.type) {
    case 'image':
      return pictureFields(form, media, `media[${at}]`, set);
    case 'link':
      return cardFields(form, media, `media[${at}]`, set);
    case 'video':
      // Written elsewhere. It stays as it is.
      return html`<p class="desk-hint"><bdi>${media.url}</bdi></p>`;
  }
}

function pictureFields(form: PostForm, media: ImageMedia, at: string, set: (media: Media) => void): TemplateResult {
  const { words } = form;
  const change = (field: keyof ImageMedia) => (value: string) => set({ ...media, [field]: value });
  const isOnDevice = pictureIdOf(media.url) !== undefined;
  return html`<desk-picture .form=${form} .media=${media} .set=${set} .language=${form.language}></desk-picture>
${isOnDevice ? nothing : textField(form, { path: `${at}.url`, label: words.pictureAddress, value: media.url, kind: 'address', change: (url) => set(withUrl(media, url)) })}
${isDecorative(media) ? nothing : textField(form, { path: `${at}.alt`, label: words.description, hint: words.descriptionHelp, value: media.alt, change: change('alt') })}
${textField(form, { path: `${at}.caption`, label: words.caption, value: media.caption, kind: 'text', change: change('caption') })}
${textField(form, { path: `${at}.credit`, label: words.credit, value: media.credit, list: form.id('credits'), change: change('credit') })}`;
}

function cardFields(form: PostForm, media: LinkMedia, at: string, set: (media: Media) => void): TemplateResult {
  const { words } = form;
  const change = (field: keyof LinkMedia) => (value: string) => set({ ...media, [field]: value });
  const isOnDevice = pictureIdOf(media.image) !== undefined;
  return html`${textField(form, { path: `${at}.title`, label: words.cardTitle, hint: words.cardTitleHelp, value: media.title, change: change('title') })}
${textField(form, { path: `${at}.url`, label: words.cardAddress, value: media.url, kind: 'address', change: (url) => set(withAddress(media, url)) })}
${textField(form, { path: `${at}.source`, label: words.cardSource, value: media.source, change: change('source') })}
${textField(form, { path: `${at}.description`, label: words.cardDescription, value: media.description, change: change('description') })}
<desk-card-picture role="group" aria-label=${words.cardPicture} .form=${form} .media=${media} .set=${set} .language=${form.language}></desk-card-picture>
${isOnDevice ? nothing : textField(form, { path: `${at}.image`, label: words.cardPictureAddress, value: media.image, kind: 'address', change: change('image') })}`;
}

/** The point that stays in view belongs to the picture at the address. */
function withUrl({ focus: _focus, ...picture }: ImageMedia, url: string): ImageMedia {
  return { ...picture, url };
}

/** A post on another site that was written elsewhere belongs to its address, and goes with it. */
function withAddress({ embed: _embed, ...link }: LinkMedia, url: string): LinkMedia {
  return { ...link, url };
}
