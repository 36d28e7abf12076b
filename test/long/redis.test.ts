import { disastersOn } from '../support/disasters.ts';

disastersOn('redis');
