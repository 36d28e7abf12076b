import { openTempEngine } from '../support/engines.ts';
import { describeEngine } from './contract.ts';

describeEngine('embedded', openTempEngine);
