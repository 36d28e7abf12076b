import { disastersOn } from '../support/stores/disasters.ts';

disastersOn('valkey');
