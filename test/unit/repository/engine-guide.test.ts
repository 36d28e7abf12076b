import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../support/runner/imports.ts';
import { quotedIn } from '../../support/samples/markdown-blocks.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const guide = read('docs/guides/write-an-engine.md');
const unindented = (text: string) => text.replace(/^ +/gm, '').trim();

/** Everything the contract tests run: the engine in memory and its test file. */
const memoryEngine = readdirSync(join(root, 'test/support/stores/memory-engine')).map(
  (name) => `test/support/stores/memory-engine/${name}`,
);
const sources = [...memoryEngine, 'test/engine/memory.test.ts'].map((path) => unindented(read(path)));

describe('the guide to writing an engine', () => {
  const snippets = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => unindented(code));

  it('quotes code that passes the contract tests', () => {
    expect(snippets.length).toBeGreaterThan(3);
    expect(snippets.filter((snippet) => !sources.some((source) => source.includes(snippet)))).toEqual([]);
  });

  it('names only files that exist, except those of the engine that its reader writes', () => {
    const named = [...guide.matchAll(/`((?:src|client|test)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((path) => !path.includes('postgres') && !existsSync(join(root, path)))).toEqual([]);
  });

  it('names only what the shared modules export', () => {
    const rows = [...guide.matchAll(/^\| (`[\w-]+\.ts`.*?) \| (.+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(7);
    for (const [, modules = '', text = ''] of rows) {
      const exported = quotedIn(modules).flatMap((name) => [
        ...read(`src/journal/${name}`).matchAll(/^export (?:function|class) (\w+)/gm),
      ]);
      const names = exported.map(([, name]) => name);
      expect(quotedIn(text).filter((name) => /^\w+$/.test(name) && !names.includes(name))).toEqual([]);
    }
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
