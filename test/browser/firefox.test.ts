import { describeWith, needs } from '../support/runner/needs.ts';
import { startFirefox } from './browser.ts';
import { examineReaderStates } from './reader-states.ts';

describeWith(needs.firefox, 'reader pages in Firefox', (firefox) => {
  examineReaderStates({
    start: () => startFirefox(firefox),
    // Firefox does not cache a page with an open WebSocket.
    keepsPages: false,
    startWithoutScripts: () => startFirefox(firefox, { scripts: false, colorScheme: 'dark' }),
  });
});
