import { openTempEngine } from '../support/engines.ts';
import { describeModel } from './engine.ts';

describeModel('embedded', openTempEngine);
