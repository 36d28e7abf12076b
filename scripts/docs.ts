import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configTable, variables } from '../src/config.ts';
import { limitTables } from '../src/documents/limits/tables.ts';
import { messageExamples, messageKey } from '../src/documents/messages.ts';
import { operations } from '../src/documents/operations.ts';
import { recordedMessages } from '../src/documents/recorded.ts';
import { curlOf, shownOf } from '../src/documents/shown.ts';
import { problems } from '../src/protocol/problems.ts';

/**
 * Writes what is generated from the source: the answers to the documents' examples, recorded from a real server, and the parts of the
 * docs that stand between `<!-- generated: NAME -->` and `<!-- end -->`. Tests fail where they differ.
 */
export const generatedPages = ['docs/configuration.md', 'docs/limits.md', 'docs/protocol.md'];

const exampleUrl = 'https://live.example.org';
const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;

/** Answers are long; what they show stands before them. */
const folded = (summary: string, text: string) => `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;

/** Those of the documents, by their keys: `request-KEY`, `answer-KEY`, `message-KEY`. */
function exampleParts(): Record<string, () => string> {
  const told = operations.flatMap(shownOf).flatMap(({ key, example, answer }) => [
    [`request-${key}`, () => fenced('sh', curlOf(example, exampleUrl))],
    [`answer-${key}`, () => folded('The answer', fenced('json', JSON.stringify(answer.body, null, 2)))],
  ]);
  const heard = messageExamples.map((example) => [
    `message-${messageKey(example).replaceAll('.', '-')}`,
    () => {
      const said = recordedMessages[messageKey(example)];
      if (example.over === 'stream') {
        const id = (said as { cursor: string }).cursor;
        return fenced('text', `id: ${id}\nevent: ${example.message}\ndata: ${JSON.stringify(said)}`);
      }
      const sent = example.body && `${example.message} ${JSON.stringify(example.body)}\n\n`;
      return fenced('text', `${sent ?? `${example.message} `}${JSON.stringify(said, null, 2)}`);
    },
  ]);
  return Object.fromEntries([...told, ...heard]);
}

function problemTable(): string {
  const rows = Object.entries(problems).map(
    ([code, { status, title, retry }]) => `| \`${code}\` | ${status} | ${title} | ${retry ? 'yes' : 'no'} |`,
  );
  return ['| code | status | | the same request can succeed later |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

const parts: Record<string, () => string> = {
  ...exampleParts(),
  problems: problemTable,
  configuration: configTable,
  limits: () =>
    limitTables(Object.fromEntries(Object.entries(variables).map(([name, schema]) => [name, String(schema.meta()?.default)]))),
};

/** The text with each generated part as it should be. */
export function withGenerated(text: string): string {
  return text.replace(
    /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, opening: string, name: string, closing: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`The docs ask for "${name}", which nothing generates.`);
      return `${opening}\n${part()}\n\n${closing}`;
    },
  );
}

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** The text of `src/documents/recorded.ts`. */
async function recordedText(): Promise<string> {
  const { playExamples } = await import('../test/support/play-examples.ts');
  const played = await playExamples();
  await played.end();
  const told = (entries: Map<string, { recorded: unknown }>) =>
    JSON.stringify(Object.fromEntries([...entries].sort(byKey).map(([key, { recorded }]) => [key, recorded])));
  return `// Made by \`npm run docs\`: what a real server answered to the examples, with what chance decides replaced. Not to be edited.

export interface RecordedAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** By \`keyOf\` the example. */
export const recorded: Readonly<Record<string, RecordedAnswer>> = ${told(played.answers)};

/** Of the socket: the acknowledgement of what a client sent, or what the server sent. By \`messageKey\`. */
export const recordedMessages: Readonly<Record<string, unknown>> = ${told(played.messages)};
`;
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function writePages(): void {
  for (const page of generatedPages) writeFileSync(pathOf(page), withGenerated(readFileSync(pathOf(page), 'utf8')));
}

if (import.meta.main) {
  if (process.argv[2] === 'pages') writePages();
  else {
    const file = pathOf('src/documents/recorded.ts');
    writeFileSync(file, await recordedText());
    execFileSync(pathOf('node_modules/.bin/biome'), ['format', '--write', file], { stdio: 'ignore' });
    // Anew, since this process has loaded what was recorded before.
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'pages'], { stdio: 'inherit' });
  }
}
