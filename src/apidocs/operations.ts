import { feedOperations } from './feed-operations.ts';
import { groups, type Operation } from './operation.ts';
import { operatingOperations } from './operator-operations.ts';
import { readingOperations } from './read-operations.ts';
import { tokenOperations } from './token-operations.ts';
import { writingOperations } from './write-operations.ts';

/** Every route of the server, in the order of the page. Add a new route to the list of its kind. */
const all: readonly Operation[] = [
  ...readingOperations,
  ...feedOperations,
  ...writingOperations,
  ...tokenOperations,
  ...operatingOperations,
];

export const operations: readonly Operation[] = Object.keys(groups).flatMap((group) => all.filter((one) => one.group === group));
