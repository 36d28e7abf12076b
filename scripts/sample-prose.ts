import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { randomFrom } from '../test/support/samples/random.ts';

/**
 * Prints 40 comments, 40 test titles and 20 paragraphs of docs, drawn at random, for a reader who judges whether each is plain on the
 * first reading: `node scripts/sample-prose.ts SEED`. The same seed draws the same sample from the same commit.
 */
const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 1e9));
const root = fileURLToPath(new URL('..', import.meta.url));
const files = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');

interface Passage {
  place: string;
  text: string;
}

/** The comments of a file. Each block comment and each run of line comments is one passage. */
function commentsIn(path: string): Passage[] {
  const found = [...read(path).matchAll(/\/\*\*?[\s\S]*?\*\/|(?:^[ \t]*(?:\/\/|--) .*\n)+/gm)];
  return found.map(({ 0: text, index }) => ({ place: placeIn(path, index), text: text.trim() }));
}

/** The title of each test, after the titles of its suites. A suite is recognised by its smaller indent. */
function titlesIn(path: string): Passage[] {
  let suites: { indent: number; title: string }[] = [];
  return read(path)
    .split('\n')
    .flatMap((line, index) => {
      const [, space = '', call = '', , title = ''] =
        /^(\s*)(describe|describeWith|it|test)\b.*?\((?:[^'"`]*,\s*)?(['"`])(.+?)\3,/.exec(line) ?? [];
      if (call === '') return [];
      suites = suites.filter(({ indent }) => indent < space.length);
      const text = [...suites.map((suite) => suite.title), title].join(' › ');
      if (!call.startsWith('describe')) return [{ place: `${path}:${index + 1}`, text }];
      suites.push({ indent: space.length, title });
      return [];
    });
}

/** The paragraphs of a file, without headings, tables and code. */
function paragraphsIn(path: string): Passage[] {
  const text = read(path).replace(/^```[\s\S]*?^```$/gm, (block) => block.replace(/./g, ''));
  return [...text.matchAll(/^(?![#|<])\S.{60,}$/gm)].map(({ 0: paragraph, index }) => ({
    place: placeIn(path, index),
    text: paragraph,
  }));
}

function placeIn(path: string, index: number): string {
  return `${path}:${read(path).slice(0, index).split('\n').length}`;
}

function draw(count: number, passages: Passage[]): Passage[] {
  const next = randomFrom(seed);
  const left = [...passages];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(next() * left.length), 1)[0] as Passage,
  );
}

const source = files.filter((path) => /^(?:src|client|demo|conformance|test|bench|scripts)\/.*\.(?:ts|lua)$/.test(path));
const docs = files.filter((path) =>
  /^(?:README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|^(?:docs|src|examples|bench)\/.*\.md$/.test(path),
);
const samples: Record<string, Passage[]> = {
  comments: draw(40, source.flatMap(commentsIn)),
  'test titles': draw(40, source.filter((path) => path.endsWith('.test.ts')).flatMap(titlesIn)),
  paragraphs: draw(20, docs.flatMap(paragraphsIn)),
};

console.log(`Seed ${seed}`);
for (const [kind, passages] of Object.entries(samples)) {
  console.log(`\n## ${kind}`);
  for (const { place, text } of passages) console.log(`\n${place}\n${text}`);
}
