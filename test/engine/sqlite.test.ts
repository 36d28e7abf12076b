import { openTempEngine } from '../support/stores/engines.ts';
import { describeEngine } from './contract.ts';

describeEngine('embedded', openTempEngine);
