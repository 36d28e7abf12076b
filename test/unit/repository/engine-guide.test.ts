import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/runner/imports.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/guides/write-an-engine.md');
const unindented = (text: string) => text.replace(/^ +/gm, '').trim();

/** Everything the contract tests run: the engine in memory and its test file. */
const memoryEngine = readdirSync(join(root, 'test/support/memory-engine')).map((name) => `test/support/memory-engine/${name}`);
const sources = [...memoryEngine, 'test/engine/memory.test.ts'].map((path) => unindented(read(path)));

describe('the guide to writing an engine', () => {
  const snippets = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => unindented(code));

  it('quotes code that passes the contract tests', () => {
    expect(snippets.length).toBeGreaterThan(3);
    expect(snippets.filter((snippet) => !sources.some((source) => source.includes(snippet)))).toEqual([]);
  });

  it('lists every member of the port', () => {
    const port = read('src/journal/engine.ts');
    const interfaces = ['Engine', 'Journal', 'Bus', 'Revocations', 'SessionStore'];
    const members = interfaces.flatMap((name) => {
      const [, body = ''] = new RegExp(`^export interface ${name} [^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(port) ?? [];
      return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, member]) => member);
    });
    const listed = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map(([, member]) => member);
    expect(members.length).toBeGreaterThan(30);
    expect(listed.toSorted()).toEqual(members.toSorted());
  });
});
