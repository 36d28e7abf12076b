import { afterAll } from 'vitest';
import { type HostSite, startHostSite } from '../support/servers/host-page.ts';
import type { TestBrowser } from './browser.ts';
import { type Newsroom, newsroom } from './newsroom.ts';
import { access } from './states/access.ts';
import { changes } from './states/changes.ts';
import { digits } from './states/digits.ts';
import { directions } from './states/directions.ts';
import { elsewhere } from './states/elsewhere.ts';
import { places } from './states/places.ts';
import { versions } from './states/versions.ts';
import { withdrawn } from './states/withdrawn.ts';

/** The browser under examination, with scripts and without. */
export interface ReadersBrowser {
  start(): Promise<TestBrowser>;
  startWithoutScripts(): Promise<TestBrowser>;
  /** It keeps a page that is left while it is live, to go back to it. */
  keepsPages: boolean;
}

export interface Exam extends Pick<ReadersBrowser, 'startWithoutScripts' | 'keepsPages'> {
  room: Newsroom;
  /** A site of someone else's. */
  host: () => HostSite;
}

/** What readers meet, in whatever browser: each state is written once, and every browser passes the same exam. */
export function examineReaderStates({ start, startWithoutScripts, keepsPages }: ReadersBrowser): void {
  let host: HostSite;
  const room = newsroom(start, async () => {
    host = await startHostSite();
    return { PRESSBOX_ORIGINS: host.url };
  });
  afterAll(() => host[Symbol.asyncDispose]());

  const exam: Exam = { room, host: () => host, startWithoutScripts, keepsPages };
  changes(exam);
  versions(exam);
  withdrawn(exam);
  places(exam);
  access(exam);
  digits(exam);
  directions(exam);
  elsewhere(exam);
}
