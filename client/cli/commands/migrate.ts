import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { MigrateProgress, MigrateReport, Stores } from '../../../src/migrate.ts';
import { asFileError, printError, UsageError } from '../command-errors.ts';
import { counted } from '../counted.ts';
import { ProgressLine } from '../progress-line.ts';
import { asStoreError, minReplicasFrom, redisUrlFrom } from '../store-options.ts';
import type { Env, Terminal } from '../terminal.ts';

/** `migrate`: moves everything between the embedded journal and Redis. The module that knows the stores is loaded only here. */
interface MigrateCommandOptions {
  to: Stores['to'];
  dataDir: string;
  redis?: string | true;
  abandon?: boolean;
  targetLost?: boolean;
  json?: boolean;
}

export function addMigrateCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  program
    .command('migrate')
    .description('Move everything from the embedded journal to a Redis or Valkey, or back')
    .addOption(
      new Option('--to <store>', 'where the data goes, which must be empty').choices(['redis', 'embedded']).makeOptionMandatory(),
    )
    .requiredOption('--data-dir <path>', 'the data directory of the embedded journal')
    .option('--redis [url]', 'the Redis or Valkey (PRESSBOX_REDIS_URL), with a user who may also run SCAN')
    .option('--abandon', 'give the source its writes back, and leave the target unfinished')
    .option('--target-lost', 'with --abandon: the target no longer exists')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Servers of the source may run. While the channels are copied they take writes. During the switch, which copies only the rest, they
refuse writes with 503, and from then on: start the servers on the target, and stop those on the source.
Repeat the command if it was interrupted. It goes on where it was, and no server starts on a target that is not complete.
Cursors, idempotency keys, revoked tokens, ended sessions and deleted ids stay what they are. Uploads are not moved.

Examples:
  $ pressbox migrate --data-dir ./data --to redis
  $ pressbox migrate --redis --to embedded --data-dir ./new-data
  $ pressbox migrate --data-dir ./data --to redis --abandon`,
    )
    .action(async (options: MigrateCommandOptions) => done(await run(options)));

  async function run({
    to,
    dataDir,
    redis = true,
    abandon: isAbandoned = false,
    targetLost: isTargetLost = false,
    json = false,
  }: MigrateCommandOptions): Promise<number> {
    const progress = new ProgressLine(terminal.streams.stderr);
    try {
      if (isTargetLost && !isAbandoned) throw new UsageError('--target-lost is only for --abandon.');
      const isUnused = isTargetLost && to === 'redis';
      const stores = {
        to,
        dataDir,
        redisUrl: isUnused ? '' : redisUrlFrom(redis, { env, terminal, json }),
        minReplicas: minReplicasFrom(env),
      };
      const { abandon, migrate, secretIn } = await import('../../../src/migrate.ts');
      if (isAbandoned) {
        const hadRefused = await abandon(stores, { isTargetLost });
        if (json) terminal.json({ abandoned: true, hadRefused });
        else terminal.note(hadRefused ? 'The source takes writes again.' : 'The source had not refused writes.');
        return 0;
      }
      let phase: MigrateProgress['phase'] | undefined;
      const report = await migrate(stores, (seen) => {
        if (seen.phase !== phase && seen.phase === 'switching') {
          progress.clear();
          if (!json) terminal.note('The source refuses writes from now on. Copying the rest.');
        }
        phase = seen.phase;
        progress.update({ count: seen.entries, counted: 'entries' });
      });
      progress.clear();
      if (json) terminal.json(report);
      else tell(report, stores, secretIn(dataDir));
      return 0;
    } catch (error) {
      progress.clear();
      return printError(asStoreError(asFileError(error, dataDir)), terminal, { json });
    }
  }

  function tell(report: MigrateReport, { to, dataDir }: Stores, secret: string | undefined): void {
    if (report.status === 'already') return terminal.note('Everything was moved before. Nothing was changed.');
    const { channels, entries, records, switchMs } = report;
    const parts = [
      counted(channels, 'channel'),
      counted(entries, 'entry', 'entries'),
      counted(records.request, 'idempotency key'),
      counted(records.revoked, 'revoked token'),
      counted(records.ended, 'ended session'),
      counted(records.deleted, 'deleted channel'),
    ];
    terminal.note(`Moved: ${parts.join(', ')}.`);
    terminal.note(`The source refused writes for ${(switchMs / 1_000).toFixed(1)} s before the target could take them.`);
    terminal.note('Now start the servers on the target, and stop those on the source.');
    if (to === 'redis' && secret !== undefined && !env.PRESSBOX_JWT_SECRET)
      terminal.note(`Give them the text of ${secret} as PRESSBOX_JWT_SECRET, so that tokens stay valid.`);
    const media = env.PRESSBOX_MEDIA_DIR || join(dataDir, 'media');
    if (to === 'redis' && existsSync(media)) terminal.note(`Give them the uploads in ${media} as PRESSBOX_MEDIA_DIR.`);
  }
}
