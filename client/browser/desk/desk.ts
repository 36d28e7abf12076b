import { languageOf } from '../i18n/languages.ts';
import { DeskApp } from './app/desk-app.ts';
import { DeskBar } from './app/desk-bar.ts';
import { DeskModel } from './app/desk-model.ts';
import { trustedWorkerUrl } from './app/trusted-types.ts';

/** The page for authors. The server sends the same page for all of `/desk/`; this script fills it. */
const desk = new DeskModel({ url: location.origin, storage: storageOf(window) });
const language = languageOf(document.documentElement.lang) ?? 'en';

customElements.define('desk-bar', DeskBar);
customElements.define('desk-app', DeskApp);
for (const element of document.querySelectorAll<DeskApp | DeskBar>('desk-app, desk-bar'))
  Object.assign(element, { desk, language });
desk.keys.listen();
void desk.loadSession();
void navigator.serviceWorker?.register(trustedWorkerUrl(), { updateViaCache: 'none' }).catch((error: unknown) => {
  // The desk works without it, except for a reload without a network.
  console.warn('The desk is not kept on this device.', error);
});

/** Undefined if the browser keeps nothing for this site. */
function storageOf({ localStorage }: Window): Storage | undefined {
  return localStorage ?? undefined;
}
