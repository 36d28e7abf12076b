import { copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chart } from './chart.ts';
import { goals } from './goals.ts';
import { type Measured, type ResultLines, readResultLines } from './result-lines.ts';
import { markdownTable, type Row, rowOf } from './table.ts';

/** The results of the last complete run: the page, its picture, and the lines that both are made from. */
const folder = fileURLToPath(new URL('../..', import.meta.url));
export const resultFiles = { page: `${folder}RESULTS.md`, picture: `${folder}results.svg`, lines: `${folder}results.jsonl` };

export function writeResults(lines: string): void {
  const kept = readResultLines(lines);
  const rows = goals.map((goal) => rowOf(goal, kept.measured));
  writeFileSync(resultFiles.page, page(rows, kept));
  writeFileSync(resultFiles.picture, chart(rows));
  if (lines !== resultFiles.lines) copyFileSync(lines, resultFiles.lines);
}

export function page(rows: readonly Row[], { runs, measured }: ResultLines): string {
  const met = rows.filter(({ isMet }) => isMet === true).length;
  const judged = rows.filter(({ isMet }) => isMet !== undefined).length;
  const remarks = [...new Set(runs.flatMap((run) => run.remarks)), ...disturbed(measured)];
  const sections = [
    '# Benchmark results',
    `Written by \`npm run bench\` from [results.jsonl](results.jsonl). [README.md](README.md) explains the figures. Values are medians of the rounds. Each ratio is the median of the ratios of the rounds, in which both servers were measured one after the other on the same machine. A goal applies to the ratio, or to the value if there is no other server. **${met} of ${judged} measured goals are met.**`,
    '![Bar chart of the ratios in the table, with their goals](results.svg)',
    markdownTable(rows),
    '## Environment',
    [
      ...new Set(
        runs.map(
          ({ machine }) =>
            `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, ${machine.fileSystem}; open files ${machine.openFiles}`,
        ),
      ),
      `- The server has one core for itself; readers, publisher and Redis share another. Load average before each run: ${runs.map(({ machine }) => machine.load).join(', ')}`,
      `- ${versionsOf(runs)}`,
      `- ${spanOf(runs.map(({ at }) => at))}`,
    ].join('\n'),
    '## Commands',
    [
      '```',
      'npm ci --prefix bench/peers',
      ...new Set(runs.map(({ command, versions }) => `${command} # ${versions.Pressbox}`)),
      '```',
    ].join('\n'),
    ...(remarks.length === 0 ? [] : ['## Remarks', remarks.map((remark) => `- ${remark}`).join('\n')]),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Every version of each program in these runs. */
function versionsOf(runs: ResultLines['runs']): string {
  const names = Object.keys(runs.at(-1)!.versions);
  return names.map((name) => `${name} ${[...new Set(runs.map(({ versions }) => versions[name]))].join(' and ')}`).join(', ');
}

/** The share of the server's core that other processes may use before a measurement counts as disturbed. */
const undisturbed = 0.05;

function disturbed(measured: readonly Measured[]): string[] {
  const timed = measured.filter(({ figures }) => (figures.wall ?? 0) > 1);
  const many = timed.filter(({ figures }) => figures.foreignCpu! > figures.wall! * undisturbed).length;
  if (many === 0) return [];
  const share = `${undisturbed * 100} %`;
  return [
    `In ${many} of ${timed.length} measurements other processes took more than ${share} of the server's core. Their times, rates and latencies are less reliable than their CPU figures.`,
  ];
}

function spanOf(times: readonly string[]): string {
  const minutes = times.toSorted().map((time) => `${time.slice(0, 16).replace('T', ' ')} UTC`);
  return minutes.length === 1 ? minutes[0]! : `${minutes[0]} to ${minutes.at(-1)}`;
}
