import { describeWith, needs } from '../../support/runner/needs.ts';
import { startBrowser } from '../browser.ts';
import { smoke } from './smoke.ts';

describeWith(needs.chromium, 'in Chromium', (chromium) => smoke(() => startBrowser(chromium)));
