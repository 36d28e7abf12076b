import type { Language } from '../i18n/languages.ts';
import { openFrame } from './frame.ts';
import { openGallery } from './gallery.ts';

/** Opens pictures of galleries and posts of other sites. Only readers who press one load this file. */

/** Throws if there is nothing to open. Then the press follows the link. */
export function open(pressed: HTMLElement, language: Language): void {
  if (pressed.dataset.embed === undefined) openGallery(pressed, language);
  else openFrame(pressed, pressed.dataset.embed);
}
