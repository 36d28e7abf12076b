import type { Command } from 'commander';
import type { RepairReport } from '../../../src/repair.ts';
import { CommandFailed, printError } from '../command-errors.ts';
import { parseChannelId } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import { asStoreError, redisUrlFrom } from '../store-options.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `repair`: rebuilds channels in a Redis or Valkey whose keys were deleted by hand. The store's module is loaded only here. */
interface RepairCommandOptions {
  redis?: string | true;
  apply?: boolean;
  json?: boolean;
}

export function addRepairCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  program
    .command('repair')
    .description('Find damaged channels in a Redis or Valkey, and rebuild them from the remaining data')
    .argument('[channel]', 'only this one; default: every channel', parseChannelId)
    .option('--redis [url]', 'the Redis or Valkey (PRESSBOX_REDIS_URL)')
    .option('--apply', 'repair; without it nothing is changed')
    .option('--json', 'print one JSON object a channel')
    .addHelpText(
      'after',
      `
Servers may keep running: they refuse a damaged channel, and serve it again once it is repaired.
Data changed by hand, and a channel whose own text is lost, cannot be repaired: restore a backup of the store, or delete the channel.
See docs/guides/redis.md. Exit codes: 0 nothing is damaged, 1 something still is, 2 wrong usage.

Examples:
  $ pressbox repair --redis redis://127.0.0.1:6379
  $ pressbox repair harbour-fire --apply`,
    )
    .action(async (channelId: string | undefined, options: RepairCommandOptions) => done(await run(channelId, options)));

  async function run(
    channelId: string | undefined,
    { redis = true, apply = false, json = false }: RepairCommandOptions,
  ): Promise<number> {
    const progress = new ProgressLine(terminal.streams.stderr);
    let entries = 0;
    const onEntry = () => {
      entries += 1;
      if (entries % 64 === 0) progress.update({ count: entries, counted: 'entries' });
    };
    try {
      const url = redisUrlFrom(redis, { env, terminal, json });
      const { repairRedis } = await import('../../../src/repair.ts');
      let [channels, left] = [0, 0];
      for await (const report of repairRedis({ url, channelId, apply, onEntry })) {
        progress.clear();
        channels += 1;
        if (!isHealthy(report)) left += 1;
        if (json) terminal.json(report);
        else tell(report);
      }
      progress.clear();
      if (channelId !== undefined && channels === 0) throw new CommandFailed(`There is no channel ${channelId}.`);
      if (!json && channels === 0) terminal.print('There are no channels.');
      return left > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      return printError(asStoreError(error), terminal, { json });
    }
  }

  function tell(report: RepairReport): void {
    const { channelId, outcome, why, lost, erasedAgain, fault } = report;
    const { style } = terminal;
    const name = style.bold(plainLine(channelId));
    if (outcome === 'sound') return terminal.print(`${style.green('ok')}  ${name}  nothing to repair`);
    const mark = isHealthy(report) ? style.green('ok') : style.red('NO');
    terminal.print(`${mark}  ${name}  ${plainLine(why ?? '')}. ${outcomeSentences[outcome](report)}`);
    for (const id of lost) terminal.print(`    post ${plainLine(id)}: its text is lost, and it is left out`);
    for (const id of erasedAgain) terminal.print(`    post ${plainLine(id)}: its erased text was put back, and is erased again`);
    if (fault !== null) terminal.print(`    still does not hold, offset ${fault.offset}: ${plainLine(fault.why)}`);
  }
}

function isHealthy({ outcome, fault }: RepairReport): boolean {
  return (outcome === 'sound' || outcome === 'repaired') && fault === null;
}

const outcomeSentences: Record<Exclude<RepairReport['outcome'], 'sound'>, (report: RepairReport) => string> = {
  damaged: (report) => `With --apply ${outcomeText(report)}.`,
  repaired: (report) => `Repaired: ${outcomeText(report)}.`,
  refused: () => 'It cannot be repaired: restore a backup of the store, or delete the channel.',
  busy: () => 'Another process is repairing it: check again later.',
};

function outcomeText({ history, posts }: RepairReport): string {
  const kept = `${posts.toLocaleString('en')} ${posts === 1 ? 'post' : 'posts'}`;
  if (history === 'same') return `it keeps its ${kept} and its history`;
  return `it has ${kept} and another history begins, so that readers start afresh`;
}
