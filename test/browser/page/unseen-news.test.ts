import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox } from '../browser.ts';
import { examineUnseenNews } from '../unseen-news.ts';

/** About 20 seconds in each browser. `unseen-news-at-length.test.ts` takes more steps. */
const steps = 25;

describeWith(needs.chromium, 'the indicator of unseen news in Chromium', (chromium) => {
  examineUnseenNews(() => startBrowser(chromium), { name: 'Chromium', steps });
});

describeWith.nightly(needs.firefox, 'the indicator of unseen news in Firefox', (firefox) => {
  examineUnseenNews(() => startFirefox(firefox), { name: 'Firefox', steps });
});
