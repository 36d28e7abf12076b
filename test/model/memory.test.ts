import { openTempMemory } from '../support/stores/memory-engine/open-temp.ts';
import { describeModel } from './engine.ts';

describeModel('memory', openTempMemory);
