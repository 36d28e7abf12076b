import { adoptSheet } from '../adopted-sheets.ts';
import { galleryWords } from '../i18n/gallery.ts';
import type { Language } from '../i18n/languages.ts';
import style from './gallery.css';

/** The distance that a finger moves for the next picture. CSS pixels. */
const swipe = 40;

/** Shows the pictures of a gallery one at a time, as large as the window allows. */
export function openGallery(pressed: HTMLElement, language: Language): void {
  const gallery = pressed.closest('.gallery');
  const around = pressed.closest<HTMLElement>('.frame, body');
  if (gallery === null || around === null) throw new Error('Not a gallery.');
  const links = [...gallery.querySelectorAll('a')];
  const words = galleryWords[language];
  const digits = new Intl.NumberFormat(language);
  const isRightToLeft = getComputedStyle(pressed).direction === 'rtl';
  let at = links.indexOf(pressed as HTMLAnchorElement);

  const dialog = document.createElement('dialog');
  dialog.className = 'viewer';
  dialog.lang = language;
  dialog.dir = isRightToLeft ? 'rtl' : 'ltr';
  dialog.setAttribute('aria-label', words.pictures);
  const button = (name: string, sign: string, press: () => void): HTMLButtonElement => {
    const made = document.createElement('button');
    made.type = 'button';
    made.textContent = sign;
    made.setAttribute('aria-label', name);
    made.addEventListener('click', press);
    return made;
  };
  const previous = button(words.previous, isRightToLeft ? '→' : '←', () => show(at - 1));
  const next = button(words.next, isRightToLeft ? '←' : '→', () => show(at + 1));
  const count = document.createElement('p');
  count.setAttribute('aria-live', 'polite');
  const bar = document.createElement('div');
  bar.append(
    count,
    previous,
    next,
    button(words.close, '×', () => dialog.close()),
  );
  const figure = document.createElement('figure');
  figure.lang = pressed.closest<HTMLElement>('[lang]')?.lang ?? '';
  dialog.append(bar, figure);

  /** Stays at the first and at the last picture. */
  const show = (wanted: number) => {
    at = Math.min(Math.max(wanted, 0), links.length - 1);
    const shown = links[at]?.closest('figure')?.cloneNode(true) as HTMLElement;
    const picture = shown.querySelector('a') as HTMLElement;
    for (const source of picture.querySelectorAll('source')) source.sizes = '100vw';
    figure.replaceChildren(...picture.childNodes, shown.querySelector('figcaption') ?? '');
    count.textContent = words.position(digits.format(at + 1), digits.format(links.length));
    // A disabled button would lose the focus.
    previous.setAttribute('aria-disabled', String(at === 0));
    next.setAttribute('aria-disabled', String(at === links.length - 1));
  };

  dialog.addEventListener('keydown', (press) => {
    const forward = isRightToLeft ? 'ArrowLeft' : 'ArrowRight';
    const step = { ArrowLeft: -1, ArrowRight: 1 }[press.key];
    if (step === undefined) return;
    press.preventDefault();
    show(at + (press.key === forward ? 1 : -1));
  });
  let touched: Touch | undefined;
  dialog.addEventListener('touchstart', ({ touches }) => (touched = touches.length === 1 ? touches[0] : undefined), {
    passive: true,
  });
  dialog.addEventListener('touchend', ({ changedTouches: [left] }) => {
    const moved = left && touched ? left.clientX - touched.clientX : 0;
    // The content follows the finger, so a finger that moves towards the start brings the next picture.
    if (Math.abs(moved) >= swipe && (visualViewport?.scale ?? 1) === 1) show(at + (moved < 0 === !isRightToLeft ? 1 : -1));
  });
  // A press beside the picture closes the dialog.
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());

  // A post that is withdrawn or changed takes its pictures with it.
  const changes = new MutationObserver(() => gallery.isConnected || dialog.close());
  changes.observe(around, { childList: true, subtree: true });
  dialog.addEventListener('close', () => {
    changes.disconnect();
    dialog.remove();
    links[at]?.focus();
  });

  adoptSheet(around.getRootNode() as Document | ShadowRoot, style);
  around.append(dialog);
  show(at);
  dialog.showModal();
  next.focus();
}
