import { describeWith, needs } from '../../support/runner/needs.ts';
import { startFirefox } from '../browser.ts';
import { smoke } from './smoke.ts';

describeWith(needs.firefox, 'in Firefox', (firefox) => smoke(() => startFirefox(firefox)));
