import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { twoEditors } from './two-editors-suite.ts';

describeWith(needs.chromium, 'two editors on one post', (chromium) =>
  twoEditors(() => startBrowser(chromium), { rounds: 4, seed: 1 }),
);
