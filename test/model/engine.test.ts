import { openTempEngine } from '../support/stores/engines.ts';
import { describeModel } from './engine.ts';

describeModel('embedded', openTempEngine);
