import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longFiles } from './long-files.ts';

/** Projects with long files, the longest first. If one of them started last, the run would wait for it alone. */
const long = ['model', 'browser', 'package'];

/** Starts the long files first. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Files of the same project keep their order.
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ project, moduleId }: TestSpecification): number {
  if (project.name === 'long') return longFiles.findIndex((file) => moduleId.endsWith(file));
  return (long.indexOf(project.name) + long.length + 1) % (long.length + 1);
}
