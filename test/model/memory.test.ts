import { openTempMemory } from '../support/memory-engine/open-temp.ts';
import { describeModel } from './engine.ts';

describeModel('memory', openTempMemory);
