import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startFirefox } from '../../browser.ts';
import { pictures } from './pictures-suite.ts';

describeWith(needs.firefox, 'pictures from the device in Firefox', (firefox) => pictures(() => startFirefox(firefox)));
