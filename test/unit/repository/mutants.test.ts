import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, otherSettings, testsOfFolders } from '../../mutants/tests-of-folders.ts';
import { readSources, root } from '../../support/runner/imports.ts';

describe('the table of tests by folder', () => {
  const folders = [...new Set([...readSources('src', 'client').keys()].map(folderOf))];

  it('has a row for each folder of the product, and for no other', () => {
    expect(Object.keys(testsOfFolders).toSorted()).toEqual(folders.toSorted());
  });

  it('names tests that exist', () => {
    const named = [...new Set(Object.values(testsOfFolders).flat())];
    expect(named.filter((path) => !existsSync(join(root, 'test', path)))).toEqual([]);
  });

  it('runs the tests of a folder in other settings only if the folder exists', () => {
    expect(folders).toEqual(expect.arrayContaining(Object.keys(otherSettings)));
  });
});
