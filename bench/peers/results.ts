import { copyFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chart } from './chart.ts';
import { goals } from './goals.ts';
import { type Kept, keptIn } from './lines.ts';
import type { Measured } from './sessions.ts';
import { markdownTable, type Row, rowOf } from './table.ts';

/** What stands in the project of the last whole run: the page, its picture, and the lines that both are made of. */
const folder = fileURLToPath(new URL('..', import.meta.url));
export const resultFiles = { page: `${folder}RESULTS.md`, picture: `${folder}results.svg`, lines: `${folder}results.jsonl` };

export function writeResults(lines: string): void {
  const kept = keptIn(lines);
  const rows = goals.map((goal) => rowOf(goal, kept.measured));
  writeFileSync(resultFiles.page, page(rows, kept));
  writeFileSync(resultFiles.picture, chart(rows));
  if (lines !== resultFiles.lines) copyFileSync(lines, resultFiles.lines);
}

export function page(rows: readonly Row[], { runs, measured }: Kept): string {
  const met = rows.filter(({ isMet }) => isMet === true).length;
  const judged = rows.filter(({ isMet }) => isMet !== undefined).length;
  const remarks = [...new Set(runs.flatMap((run) => run.remarks)), ...disturbed(measured)];
  const sections = [
    '# What Pressbox takes, beside others',
    `Written by \`npm run bench\` from the lines in [results.jsonl](results.jsonl); what each figure means stands in [README.md](README.md). Figures are medians. A ratio is made in each round, of two that were measured one after the other on the same machine, and the median of those is what the goal is for. **${met} of ${judged} goals that were measured are met.**`,
    '![The ratios of the table as bars, with their goals](results.svg)',
    markdownTable(rows),
    '## Measured on',
    [
      ...new Set(
        runs.map(
          ({ machine }) =>
            `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}, ${machine.fileSystem}; open files ${machine.openFiles}`,
        ),
      ),
      `- The server alone on one core; readers, publisher and Redis on another one. Load average before: ${runs.map(({ machine }) => machine.load).join(', ')}`,
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

/** Of each program, all that were measured. */
function versionsOf(runs: Kept['runs']): string {
  const names = Object.keys(runs.at(-1)!.versions);
  return names.map((name) => `${name} ${[...new Set(runs.map(({ versions }) => versions[name]))].join(' and ')}`).join(', ');
}

/** Of the time, something else may have used so much of the server's processor. */
const undisturbed = 0.05;

function disturbed(measured: readonly Measured[]): string[] {
  const timed = measured.filter(({ figures }) => (figures.wall ?? 0) > 1);
  const many = timed.filter(({ figures }) => figures.foreignCpu! > figures.wall! * undisturbed).length;
  if (many === 0) return [];
  const share = `${undisturbed * 100} %`;
  return [
    `In ${many} of ${timed.length} measurements something else took more than ${share} of the server's processor: times, rates and latencies of those say less than CPU.`,
  ];
}

function spanOf(times: readonly string[]): string {
  const minutes = times.toSorted().map((time) => `${time.slice(0, 16).replace('T', ' ')} UTC`);
  return minutes.length === 1 ? minutes[0]! : `${minutes[0]} to ${minutes.at(-1)}`;
}
