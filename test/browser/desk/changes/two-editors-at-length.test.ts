import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox } from '../../browser.ts';
import { twoEditors } from './two-editors-suite.ts';

const seed = Number(process.env.PRESSBOX_TEST_SEED ?? Date.now() % 1_000_000);

describeWith(needs.chromium, 'two editors on one post, at length', (chromium) =>
  twoEditors(() => startBrowser(chromium), { rounds: 200, seed }),
);
describeWith(needs.firefox, 'two editors on one post in Firefox', (firefox) =>
  twoEditors(() => startFirefox(firefox), { rounds: 20, seed }),
);
