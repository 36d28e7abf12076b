import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startBrowser } from '../../browser.ts';
import { pictures } from './pictures-suite.ts';

describeWith(needs.chromium, 'pictures from the device', (chromium) => pictures(() => startBrowser(chromium)));
