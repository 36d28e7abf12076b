import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser, startFirefox } from '../browser.ts';
import { examineUnseenNews } from '../unseen-news.ts';

const length = { runs: 1, steps: 20 };

describeWith(needs.chromium, 'the indicator of unseen news over a long time, in Chromium', (chromium) => {
  examineUnseenNews(() => startBrowser(chromium), { name: 'Chromium', ...length });
});

describeWith(needs.firefox, 'the indicator of unseen news over a long time, in Firefox', (firefox) => {
  examineUnseenNews(() => startFirefox(firefox), { name: 'Firefox', ...length });
});
