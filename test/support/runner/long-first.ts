import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longFiles } from './long-files.ts';

/** Projects whose files take long, the longest first: begun last, one of them would be waited for alone. */
const long = ['model', 'browser', 'package'];

/** Begins with the files that take long. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Of one place they stay in the order that they have.
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ project, moduleId }: TestSpecification): number {
  if (project.name === 'long') return longFiles.findIndex((file) => moduleId.endsWith(file));
  return (long.indexOf(project.name) + long.length + 1) % (long.length + 1);
}
