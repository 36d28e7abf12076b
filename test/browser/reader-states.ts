import { afterAll } from 'vitest';
import { type HostSite, startHostSite } from '../support/servers/host-page.ts';
import type { TestBrowser } from './browser.ts';
import { type Newsroom, newsroom } from './newsroom.ts';
import { access } from './states/access.ts';
import { changes } from './states/changes.ts';
import { corrections } from './states/corrections.ts';
import { digits } from './states/digits.ts';
import { directions } from './states/directions.ts';
import { elsewhere } from './states/elsewhere.ts';
import { places } from './states/places.ts';
import { versions } from './states/versions.ts';
import { withdrawn } from './states/withdrawn.ts';

/** The browser under test, with and without scripts. */
export interface ReadersBrowser {
  start(): Promise<TestBrowser>;
  startWithoutScripts(): Promise<TestBrowser>;
  /** Whether its back/forward cache keeps a page that was live when the reader left it. */
  keepsPages: boolean;
}

export interface Exam extends Pick<ReadersBrowser, 'startWithoutScripts' | 'keepsPages'> {
  room: Newsroom;
  /** Another site. */
  host: () => HostSite;
}

/** The tests of what readers see, written once and run in every browser. */
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
  corrections(exam);
  withdrawn(exam);
  places(exam);
  access(exam);
  digits(exam);
  directions(exam);
  elsewhere(exam);
}
