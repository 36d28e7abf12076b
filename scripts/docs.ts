import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allLimits, type LimitName } from '../src/all-limits.ts';
import { limitInWords, limitsInMarkdown } from '../src/apidocs/limit-tables.ts';
import { operations } from '../src/apidocs/operations.ts';
import { recordedMessages } from '../src/apidocs/recorded-answers.ts';
import { curlOf, shownOf } from '../src/apidocs/shown-examples.ts';
import { messageExamples, messageKey } from '../src/apidocs/socket-messages.ts';
import { configTable, variables } from '../src/config-variables.ts';
import { problems } from '../src/protocol/problems.ts';
import { limitMetrics } from '../src/telemetry/limit-metrics.ts';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { propertyTable } from '../src/web/brand/properties.ts';

/**
 * Generates parts of the docs from the source: the responses to the API examples, recorded from a real server, the parts between
 * `<!-- generated: NAME -->` and `<!-- end -->`, and the values of limits between `<!-- limit: NAME -->` and `<!-- end -->`.
 * Tests fail if these are not up to date.
 */
export const recordedPath = 'generated/recorded.json';

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Every page below `docs/`, decisions included. */
export const docPages = readdirSync(pathOf('docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`)
  .sort();

/** The decisions, by number. */
export const decisionPages = docPages.filter((page) => /^docs\/decisions\/\d/.test(page));

/** The pages with generated parts. */
export const generatedPages = ['README.md', ...docPages].filter((page) =>
  /<!-- (?:generated|limit): /.test(readFileSync(pathOf(page), 'utf8')),
);

const exampleUrl = 'https://live.example.org';
const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;

/** Folds a long response. */
const folded = (summary: string, text: string) => `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`;

/** The API examples: `request-KEY`, `answer-KEY` and `message-KEY`. */
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

/** The most values of a label that are listed. A label with more is only named. */
const valuesShown = 20;
/** Its values depend on the machine. */
const buildInfo = 'pressbox_build_info';

const report = [...(await createMetrics().report()), ...(await limitMetrics({}).getMetricsAsJSON())];

function metricsTable(): string {
  const rows = report.map(({ name, help, type, values }) => {
    const labels = new Map<string, Set<string>>();
    for (const series of values)
      for (const [label, value] of Object.entries(series.labels))
        if (label !== 'le') labels.set(label, (labels.get(label) ?? new Set()).add(String(value)));
    const shown = [...labels].map(([label, all]) =>
      all.size > valuesShown || name === buildInfo
        ? `\`${label}\``
        : `\`${label}\`: ${[...all].map((value) => `\`${value}\``).join(', ')}`,
    );
    return `| \`${name}\` | ${type} | ${shown.join('<br>')} | ${help} |`;
  });
  return ['| name | type | labels | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A list of links to the decisions, named by their headings. */
function decisionList(): string {
  return decisionPages
    .map((page) => `- [${/^# (.+)$/m.exec(readFileSync(pathOf(page), 'utf8'))?.[1]}](${basename(page)})`)
    .join('\n');
}

/** The rows of `bench/RESULTS.md` that the README shows: number, readers, peer, and the name of the row in the README. */
const speeds = [
  ['4', '10,000', 'Socket.IO, redis-adapter', 'Posts delivered to 10,000 readers, p99 under 250 ms'],
  ['2', '10,000', 'nchan', 'CPU time for a million posts delivered to 10,000 readers'],
  ['6', '10,000', 'Socket.IO, redis-adapter', 'Memory for each of 10,000 readers'],
  [
    '8',
    '5,000',
    'Socket.IO, recovery over Redis streams',
    '5,000 readers reconnect at once and missed 50 posts: time until all are up to date',
  ],
] as const;

/** The figures of Pressbox and of the peer in one row. */
function measured([number, readers, peer]: (typeof speeds)[number]): { own: string; peers: string } {
  const cells = readFileSync(pathOf('bench/RESULTS.md'), 'utf8')
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .find((row) => row[1] === number && row[3] === readers && row[5] === peer);
  if (cells === undefined) throw new Error(`bench/RESULTS.md has no figure ${number} for ${readers} readers beside ${peer}.`);
  return { own: cells[4] ?? '', peers: cells[6] ?? '' };
}

/** The first row of the table, as a sentence. */
function throughput(): string {
  const [first] = speeds;
  const deliveries = measured(first).own.replace(' per second', ' deliveries per second');
  return `One process on one core delivers posts to ${first[1]} readers at ${deliveries}, 99 % of them in under 250 ms: [how it was measured](#speed).`;
}

function speedTable(): string {
  const rows = speeds.map((speed) => {
    const { own, peers } = measured(speed);
    return `| ${speed[3]} | ${own} | ${peers} (${speed[2]}) |`;
  });
  return ['| | Pressbox | for comparison |', '| --- | --- | --- |', ...rows].join('\n');
}

/** A file of `deploy/` as a block. */
const deployed = (language: string, name: string) => () =>
  fenced(language, readFileSync(pathOf(`deploy/${name}`), 'utf8').trimEnd());

const parts: Record<string, () => string> = {
  ...exampleParts(),
  decisions: decisionList,
  speed: speedTable,
  throughput,
  problems: problemTable,
  configuration: configTable,
  'page-properties': () => propertyTable('pages'),
  'element-properties': () => propertyTable('element'),
  nginx: deployed('nginx', 'nginx.conf'),
  caddy: deployed('caddy', 'Caddyfile'),
  haproxy: deployed('haproxy', 'haproxy.cfg'),
  'systemd-unit': deployed('ini', 'systemd/pressbox.service'),
  metrics: metricsTable,
  limits: () =>
    limitsInMarkdown(
      Object.fromEntries(Object.entries(variables).map(([name, schema]) => [name, String(schema.meta()?.default)])),
    ),
};

/** Fills the generated parts of a page. */
export function withGenerated(text: string): string {
  const withParts = text.replace(
    /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, opening: string, name: string, closing: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`The docs ask for "${name}", which nothing generates.`);
      return `${opening}\n${part()}\n\n${closing}`;
    },
  );
  return withParts.replace(/(<!-- limit: (\w+) -->).*?(<!-- end -->)/g, (_, opening: string, name: string, closing: string) => {
    if (!(name in allLimits)) throw new Error(`The docs ask for the limit "${name}", which is in no table.`);
    return `${opening}${limitInWords(name as LimitName)}${closing}`;
  });
}

type Recorded = ReadonlyMap<string, { recorded: unknown }>;

/** The text of `generated/recorded.json`. */
export function recordedText({ answers, messages }: { answers: Recorded; messages: Recorded }): string {
  const byName = (all: Recorded) => Object.fromEntries([...all].sort(byKey).map(([key, { recorded }]) => [key, recorded]));
  const note = 'Generated by `npm run docs`: the responses of a real server to the API examples. Do not edit.';
  return `${JSON.stringify({ note, answers: byName(answers), messages: byName(messages) }, null, 2)}\n`;
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

export const prometheusRulePath = 'deploy/kubernetes/prometheus-rule.yaml';

/** The rules in `deploy/prometheus` as an object of the Prometheus operator. */
export function prometheusRuleText(): string {
  const rules = readFileSync(pathOf('deploy/prometheus/rules.yml'), 'utf8');
  const groups = rules.slice(rules.indexOf('groups:')).trimEnd().replaceAll(/^/gm, '  ');
  return `# Generated by \`npm run docs\` from deploy/prometheus/rules.yml. Do not edit.
# For the Prometheus operator. Without it, remove this file in an overlay.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: pressbox
spec:
${groups}
`;
}

function writePages(): void {
  writeFileSync(pathOf(prometheusRulePath), prometheusRuleText());
  for (const page of generatedPages) writeFileSync(pathOf(page), withGenerated(readFileSync(pathOf(page), 'utf8')));
}

if (import.meta.main) {
  if (process.argv[2] === 'pages') writePages();
  else {
    const { playExamples } = await import('../test/support/authors/play-examples.ts');
    const played = await playExamples();
    await played.end();
    writeFileSync(pathOf(recordedPath), recordedText(played));
    // In a new process, because this one has loaded the earlier recording.
    execFileSync(process.execPath, [fileURLToPath(import.meta.url), 'pages'], { stdio: 'inherit' });
  }
}
