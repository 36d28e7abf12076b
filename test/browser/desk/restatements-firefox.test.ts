import { describeWith, needs } from '../../support/runner/needs.ts';
import { startFirefox } from '../browser.ts';
import { restatements } from './restatements-suite.ts';

describeWith(needs.firefox, 'the other posts that say what was corrected in Firefox', (firefox) =>
  restatements(() => startFirefox(firefox)),
);
