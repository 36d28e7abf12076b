import { languageOf } from '../i18n/languages.ts';
import { basePath } from './app/base-path.ts';
import { DeskApp } from './app/desk-app.ts';
import { DeskBar } from './app/desk-bar.ts';
import { DeskModel } from './app/desk-model.ts';
import { DeskKeys } from './app/keys-dialog.ts';
import { keepPressesSteady } from './app/steady-presses.ts';
import { trustedServiceWorkerUrl } from './app/trusted-types.ts';
import { DeskComposer } from './composer/composer.ts';
import { DeskDrafts } from './drafts/draft-list.ts';
import { loadDeskWords } from './i18n/loaded.ts';
import { DeskOutbox } from './outbox/outbox-list.ts';
import { DeskTimeline } from './timeline/timeline.ts';

/** The page for authors. The server sends the same page for all of `/desk/`; this script fills it. */
const desk = new DeskModel({ url: location.origin + basePath, storage: storageOf(window) });
const language = languageOf(document.documentElement.lang) ?? 'en';
await loadDeskWords(language);

for (const element of document.querySelectorAll('desk-app, desk-bar')) Object.assign(element, { desk, language });
customElements.define('desk-keys', DeskKeys);
customElements.define('desk-timeline', DeskTimeline);
customElements.define('desk-drafts', DeskDrafts);
customElements.define('desk-composer', DeskComposer);
customElements.define('desk-outbox', DeskOutbox);
customElements.define('desk-bar', DeskBar);
customElements.define('desk-app', DeskApp);
desk.keys.listen();
keepPressesSteady(document);
void desk.start();
void loadFurtherRooms();
void navigator.serviceWorker?.register(trustedServiceWorkerUrl(), { updateViaCache: 'none' }).catch((error: unknown) => {
  // The desk works without it, except for a reload without a network.
  console.warn('The desk is not kept on this device.', error);
});

/**
 * Tries again once the network is back, and with the next press: it may need one of these rooms, and waits for it. If that fails too,
 * the desk says so. Firefox remembers for the life of a page that a script could not be loaded, so there only a reload helps.
 */
async function loadFurtherRooms(isRetry = false): Promise<void> {
  try {
    (await import('./further-rooms.ts')).defineFurtherRooms();
    desk.setPartMissing(false);
  } catch (error) {
    console.warn('A part of the desk could not be loaded.', error);
    desk.setPartMissing(isRetry);
    const waiting = new AbortController();
    const retry = () => {
      waiting.abort();
      void loadFurtherRooms(true);
    };
    for (const name of ['online', 'click', 'keydown']) addEventListener(name, retry, { capture: true, signal: waiting.signal });
  }
}

/** Undefined if the browser keeps nothing for this site. */
function storageOf(window: Window): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
