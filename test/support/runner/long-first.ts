import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { fullFiles } from './tiers.ts';

/** Projects with long files, the longest first. If one of them started last, the run would wait for it alone. */
const long = ['container', 'model', 'browser', 'package', 'full'];

/** Starts the long files first. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Files of the same project keep their order.
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b));
  }
}

function placeOf({ project, moduleId }: TestSpecification): number {
  const projects = long.length + 1;
  const place = (long.indexOf(project.name) + projects) % projects;
  return place + (project.name === 'full' ? fullFiles.findIndex((file) => moduleId.endsWith(file)) / fullFiles.length : 0);
}
