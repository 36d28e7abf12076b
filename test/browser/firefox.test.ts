import { describeWith, needs } from '../support/runner/needs.ts';
import { startFirefox } from './browser.ts';
import { examineReaderStates } from './reader-states.ts';

describeWith(needs.firefox, 'reader pages in Firefox', (firefox) => {
  examineReaderStates({
    start: () => startFirefox(firefox),
    // None whose WebSocket is open when it is left.
    keepsPages: false,
    startWithoutScripts: () => startFirefox(firefox, { scripts: false, colorScheme: 'dark' }),
  });
});
