import { openTempEngine } from '../support/engines.ts';
import { describeEngine } from './engine.ts';

describeEngine('embedded', openTempEngine);
