import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Projects whose files take long, the longest first: begun last, one of them would be waited for alone. */
const long = ['simulation', 'browser', 'package'];

/** Begins with the files that take long. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project }: TestSpecification) => (long.indexOf(project.name) + long.length + 1) % (long.length + 1);
    // Of one place they stay in the order that they have.
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}
