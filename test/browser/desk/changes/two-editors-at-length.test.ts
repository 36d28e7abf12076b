import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser, startFirefox } from '../../browser.ts';
import { twoEditors } from './two-editors-suite.ts';

const { PRESSBOX_TEST_SEED: given, PRESSBOX_EDITOR_ROUNDS: wanted } = process.env;
const seed = Number(given ?? Date.now() % 1_000_000);
/** Two hundred take eight minutes. */
const rounds = Number(wanted ?? 12);

describeWith(needs.chromium, 'two editors on one post, at length', (chromium) =>
  twoEditors(() => startBrowser(chromium), { rounds, seed }),
);
describeWith(needs.firefox, 'two editors on one post in Firefox', (firefox) =>
  twoEditors(() => startFirefox(firefox), { rounds: Math.ceil(rounds / 3), seed }),
);
