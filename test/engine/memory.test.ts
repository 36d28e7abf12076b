import { openTempMemory } from '../support/stores/memory-engine/open-temp.ts';
import { describeEngine } from './contract.ts';

describeEngine('memory', openTempMemory);
