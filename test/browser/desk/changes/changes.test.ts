import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { changes } from './changes-suite.ts';

describeWith(needs.chromium, 'changes of published posts', (chromium) => changes(() => startBrowser(chromium)));
