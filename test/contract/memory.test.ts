import { openTempMemory } from '../support/memory-engine/open-temp.ts';
import { describeEngine } from './engine.ts';

describeEngine('memory', openTempMemory);
