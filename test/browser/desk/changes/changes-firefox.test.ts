import { describeWith, needs } from '../../../support/runner/needs.ts';
import { startFirefox } from '../../browser.ts';
import { changes } from './changes-suite.ts';

describeWith(needs.firefox, 'changes of published posts in Firefox', (firefox) => changes(() => startFirefox(firefox)));
