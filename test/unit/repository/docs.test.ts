import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decisionPages, docPages, generatedPages, withGenerated } from '../../../scripts/docs.ts';
import { readConfig } from '../../../src/config.ts';
import { variables } from '../../../src/config-variables.ts';
import { root } from '../../support/runner/imports.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { scripts, files } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; files: string[] };

/** Every page of the docs, by its path in the project. */
const pages = [
  ...['.', 'src', 'bench', 'deploy', 'examples', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
  ...docPages,
];

/** The text with each sentence on a line of its own. */
const sentences = (text: string) => text.replaceAll('. ', '.\n');

/** The anchors that Markdown sites make from the headings of a page. */
function partsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the docs', () => {
  it('list every variable of the program', () => {
    const page = read('docs/reference/configuration.md');
    for (const name of Object.keys(variables)) expect(page).toContain(`| \`${name}\` |`);
  });

  it.each(generatedPages)('have generated parts that match the source: %s', (page) => {
    expect(read(page)).toBe(withGenerated(read(page)));
    // A comment at the start of a line turns the line into HTML, in which Markdown has no effect.
    expect(read(page)).not.toMatch(/^ {0,3}<!-- limit: /m);
  });

  it.each(pages)('link to existing files only: %s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
    const local = links.filter((target) => !/^(?:https?:|mailto:|#)/.test(target)).map((target) => target.split('#')[0] ?? '');
    expect(local.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });

  it.each(pages)('link to existing headings only: %s', (page) => {
    const links = [...read(page).matchAll(/\]\(([^):\s]*)#([^)\s]+)\)/g)];
    const missing = links.filter(([, target, part = '']) => {
      const there = target ? join(dirname(page), target) : page;
      return there.endsWith('.md') && !partsOf(read(there)).includes(part);
    });
    expect(missing.map(([link]) => link)).toEqual([]);
  });

  it.each(pages)('name only scripts that package.json has: %s', (page) => {
    const named = [...read(page).matchAll(/\bnpm (?:run ([a-z:-]+)|(test|start)\b)/g)].map(
      ([, run, short]) => run ?? short ?? '',
    );
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it.each(pages)('name only variables that the program reads: %s', (page) => {
    // Read by the client commands and by the test runner.
    const others = ['PRESSBOX_URL', 'PRESSBOX_TOKEN', 'PRESSBOX_TEST_SUMMARY'];
    const named = [...read(page).matchAll(/\bPRESSBOX_[A-Z_]*[A-Z]\b/g)].map(([name]) => name);
    expect(named.filter((name) => !(name in variables) && !others.includes(name))).toEqual([]);
  });

  it.each(pages)('start the command with npx: %s', (page) => {
    const blocks = [...read(page).matchAll(/^```sh\b.*\n([\s\S]*?)^```$/gm)].map(([, lines]) => lines ?? '');
    const commands = blocks.join('').match(/(?:\S+ )?(?<![\w/.-])pressbox (?=[a-z])/g) ?? [];
    expect(commands.filter((command) => !command.endsWith('npx pressbox '))).toEqual([]);
  });

  it('have an index with a link to every page, and one with a link to every decision', () => {
    const linkedFrom = (index: string) =>
      [...read(index).matchAll(/\]\(([^)#\s]+)\)/g)].map(([, path = '']) => join(dirname(index), path));
    const others = docPages.filter((page) => page !== 'docs/README.md' && !decisionPages.includes(page));
    expect(others.filter((page) => !linkedFrom('docs/README.md').includes(page))).toEqual([]);
    expect(decisionPages.filter((page) => !linkedFrom('docs/decisions/README.md').includes(page))).toEqual([]);
  });

  it('have in the folder of the decisions nothing but decisions and their index', () => {
    const inFolder = docPages.filter((page) => page.startsWith('docs/decisions/'));
    expect(inFolder.filter((page) => !decisionPages.includes(page))).toEqual(['docs/decisions/README.md']);
  });

  it('are all in the package, except those that the index names', () => {
    const alone = [
      ...(/^The package contains all of them except (.*)\.$/gm
        .exec(sentences(read('docs/README.md')))?.[1]
        ?.matchAll(/\((.*?)\)/g) ?? []),
    ];
    expect(alone).not.toEqual([]);
    const isPacked = (path: string) =>
      files.some((entry) => entry === path || path.startsWith(`${entry}/`) || matchesGlob(path, entry));
    expect(docPages.filter((page) => alone.some(([, path = '']) => page.startsWith(join('docs', path))))).toEqual(
      docPages.filter((page) => !isPacked(page)),
    );
  });

  it('show how to make a secret that is long enough', async () => {
    const [lines = ''] = blocksOf(read('docs/reference/configuration.md'), 'The secret');
    const { stdout } = await promisify(execFile)('bash', ['-euc', lines]);
    expect(readConfig({ PRESSBOX_JWT_SECRET: stdout.trim() }).jwtSecrets?.[0].length).toBeGreaterThan(40);
  });

  it('describe every folder and file of src, and name only existing files', () => {
    const tour = read('src/README.md');
    const table = tour.slice(tour.indexOf('## What is where'), tour.indexOf('## Which folder may import which'));
    for (const entry of readdirSync(join(root, 'src'), { withFileTypes: true })) {
      if (entry.name === 'README.md') continue;
      expect(table).toContain(entry.isDirectory() ? `\`${entry.name}/\`` : `\`${entry.name}\``);
    }
    const changes = tour.slice(tour.indexOf('## Where to change a thing'));
    const filesIn = (text: string) => [...text.matchAll(/`([a-z0-9./-]+\.(?:ts|css|mjs))`/g)].map(([, path]) => path ?? '');
    const named = filesIn(changes);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(root, 'src', path)) && !existsSync(join(root, path)))).toEqual([]);
    const rows = changes.split('\n').filter((line) => line.startsWith('| '));
    expect(rows.filter((row) => new Set(filesIn(row)).size > 4)).toEqual([]);
  });

  it('show how to start the stated number of processes', async () => {
    const [lines = ''] = blocksOf(read('docs/guides/workers.md'), '# Several processes');
    // Prints what the command would read, with a secret instead of the file.
    const script = `cat() { printf %32s; }; npx() { [ "$*" = "pressbox serve" ] && env; }; ${lines}`;
    const { stdout } = await promisify(execFile)('bash', ['-euc', script]);
    const given = [...stdout.matchAll(/^(PRESSBOX_(?:REDIS_URL|JWT_SECRET|WORKERS))=(.*)$/gm)];
    expect(readConfig(Object.fromEntries(given.map(([, name, value]) => [name, value]))).workers).toBe(4);
  });

  it('number the decisions without a gap, each with date, status, context, decision, consequences and alternatives', () => {
    expect(decisionPages.length).toBeGreaterThan(5);
    for (const [index, page] of decisionPages.entries()) {
      expect(relative('docs/decisions', page)).toMatch(new RegExp(`^${String(index + 1).padStart(4, '0')}-[a-z0-9-]+\\.md$`));
      const text = read(page);
      const status = '(?:accepted|superseded by \\[decision \\d+\\])[^\\n]*';
      expect(text).toMatch(new RegExp(`^# ${index + 1}\\. .+\\n\\n\\d{4}-\\d{2}-\\d{2} · Status: ${status}\\n\\n`));
      const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect(parts, page).toEqual(['Context', 'Decision', 'Consequences', 'Alternatives considered']);
      expect(text.split('## Alternatives considered')[1], page).toMatch(/^- \*\*.+/m);
    }
  });

  it.each([
    ['superseded by', 'supersedes'],
    ['extended by', 'extends'],
  ])('name in the status of both decisions the one that is %s the other', (passive, active) => {
    const related = (verb: string) =>
      decisionPages.flatMap((page, index) =>
        (/· Status: (.*)/.exec(read(page))?.[1] ?? '')
          .split('; ')
          .filter((clause) => clause.includes(verb))
          .flatMap((clause) => [...clause.matchAll(/\[decision (\d+)\]/g)])
          .map(([, other]) => (verb === passive ? `${index + 1} by ${other}` : `${other} by ${index + 1}`)),
      );
    expect(related(passive)).not.toEqual([]);
    expect(related(passive).sort()).toEqual(related(active).sort());
  });
});
