import { openTempMemory } from '../support/memory-engine/open-temp.ts';
import { describeEngine } from './contract.ts';

describeEngine('memory', openTempMemory);
