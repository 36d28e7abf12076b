import { feedOperations } from './feeds.ts';
import { operatingOperations } from './operating.ts';
import { groups, type Operation } from './operation.ts';
import { readingOperations } from './reading.ts';
import { tokenOperations } from './tokens.ts';
import { writingOperations } from './writing.ts';

/** Every route that is served, in the order of the page. A new one goes into the list of its kind. */
const all: readonly Operation[] = [
  ...readingOperations,
  ...feedOperations,
  ...writingOperations,
  ...tokenOperations,
  ...operatingOperations,
];

export const operations: readonly Operation[] = Object.keys(groups).flatMap((group) => all.filter((one) => one.group === group));
