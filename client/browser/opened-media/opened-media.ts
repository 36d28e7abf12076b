import type { Language } from '../i18n/languages.ts';
import { openFrame } from './frame.ts';
import { openGallery } from './gallery.ts';

/** What a press on a picture of a gallery or on a post of another site opens. Only readers who press load this file. */

/** Throws if there is nothing to open. Then the press follows the link. */
export function open(pressed: HTMLElement, language: Language): void {
  if (pressed.dataset.embed === undefined) openGallery(pressed, language);
  else openFrame(pressed, pressed.dataset.embed);
}
