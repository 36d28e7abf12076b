import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configTable, variables } from '../src/config.ts';
import { limitTables } from '../src/limits.ts';

/**
 * Writes what is generated from the source: the answers to the documents' examples, recorded from a real server, and the parts of the
 * docs that stand between `<!-- generated: NAME -->` and `<!-- end -->`. Tests fail where they differ.
 */
export const generatedPages = ['docs/configuration.md', 'docs/limits.md'];

const parts: Record<string, () => string> = {
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

if (import.meta.main) {
  const file = pathOf('src/documents/recorded.ts');
  writeFileSync(file, await recordedText());
  execFileSync(pathOf('node_modules/.bin/biome'), ['format', '--write', file], { stdio: 'ignore' });
  for (const page of generatedPages) writeFileSync(pathOf(page), withGenerated(readFileSync(pathOf(page), 'utf8')));
}
