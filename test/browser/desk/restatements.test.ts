import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { restatements } from './restatements-suite.ts';

describeWith(needs.chromium, 'the other posts that say what was corrected', (chromium) =>
  restatements(() => startBrowser(chromium)),
);
