import { describe, expect, it } from 'vitest';
import { type Bom, billOfMaterials, bundledPackages, readLockfile } from '../../../scripts/sbom.ts';
import { root } from '../../support/runner/imports.ts';

const namesIn = ({ components }: Bom) => components.map(({ name }) => name);

describe('the bill of materials', () => {
  it('lists what a server runs and what pages load, and nothing that only builds and tests', async () => {
    const lockfile = await readLockfile(root);
    const bom = billOfMaterials(lockfile, await bundledPackages(root));
    const installed = Object.entries(lockfile.packages).filter(([path, { dev }]) => path !== '' && !dev);
    for (const [path, { version }] of installed) {
      const name = path.split('node_modules/').at(-1);
      expect(bom.components).toContainEqual(expect.objectContaining({ name, version }));
    }
    // It is in the scripts of pages, although package.json lists it for development.
    expect(namesIn(bom)).toEqual(expect.arrayContaining(['@lit/reactive-element', 'socket.io-client']));
    for (const name of ['vitest', 'typescript', 'esbuild', 'playwright-core']) expect(namesIn(bom)).not.toContain(name);
  });

  it('lists each package once with its hash, and its references are complete', async () => {
    const bom = billOfMaterials(await readLockfile(root), await bundledPackages(root));
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
    const refs = bom.components.map((component) => component['bom-ref']);
    expect(new Set(refs).size).toBe(refs.length);
    for (const { name, purl, hashes } of bom.components) {
      expect([name, purl]).toEqual([name, expect.stringMatching(/^pkg:npm\/(?:%40[^/]+\/)?[^/@]+@\d+\.\d+\.\d+/)]);
      expect([name, hashes?.[0]?.content]).toEqual([name, expect.stringMatching(/^[0-9a-f]{128}$/)]);
    }
    const known = new Set([bom.metadata.component['bom-ref'], ...refs]);
    expect(new Set(bom.dependencies.map(({ ref }) => ref))).toEqual(known);
    expect(bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !known.has(ref))).toEqual([]);
  });

  it('refers to the version of a package that is installed beside it', () => {
    const packages = {
      '': { license: 'MIT', dependencies: { a: '^1', b: '^1' } },
      'node_modules/a': { version: '1.0.0', license: '(MIT OR Apache-2.0)', dependencies: { b: '^2' } },
      'node_modules/a/node_modules/b': { version: '2.0.0', license: 'ISC' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/c': { version: '3.0.0', dev: true },
    };
    const bom = billOfMaterials({ name: 'own', version: '0.1.0', packages }, []);
    expect(bom.dependencies).toEqual([
      { ref: 'pkg:npm/own@0.1.0', dependsOn: ['pkg:npm/a@1.0.0', 'pkg:npm/b@1.0.0'] },
      { ref: 'pkg:npm/a@1.0.0', dependsOn: ['pkg:npm/b@2.0.0'] },
      { ref: 'pkg:npm/b@2.0.0', dependsOn: [] },
      { ref: 'pkg:npm/b@1.0.0', dependsOn: [] },
    ]);
    const licences = bom.components.map(({ name, licenses }) => [name, licenses?.[0]]);
    expect(licences).toEqual([
      ['a', { expression: '(MIT OR Apache-2.0)' }],
      ['b', undefined],
      ['b', { license: { id: 'ISC' } }],
    ]);
  });
});
