import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { CommandFailed, printError } from './command-errors.ts';
import { addArchiveCommand } from './commands/archive/archive.ts';
import { addBackupCommand } from './commands/backup.ts';
import { addChannelCommands } from './commands/channel.ts';
import { addConformanceCommand } from './commands/conformance.ts';
import { addExportCommand } from './commands/export.ts';
import { addFollowCommand } from './commands/follow.ts';
import { addImportCommand } from './commands/import.ts';
import { addMediaCommands } from './commands/media.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addPostCommands } from './commands/post.ts';
import { addRepairCommand } from './commands/repair.ts';
import { addServerCommands } from './commands/serve.ts';
import { addTokenCommands } from './commands/token.ts';
import { addVerifyCommand } from './commands/verify.ts';
import { type Env, OutputFailed, processStreams, type Streams, Terminal } from './terminal.ts';
import { plainJson } from './terminal-text.ts';
import { resolveToken } from './token-options.ts';

/**
 * The command `pressbox`. `argv` excludes its name. Resolves with the exit code: 0 on success, 1 if the server refused or could
 * not be reached or the output failed, 2 on wrong usage. Any other error is a bug and thrown.
 */
export async function main(argv: string[], env: Env, streams?: Streams): Promise<number> {
  if (streams !== undefined) return run(argv, env, new Terminal(streams, env));
  using own = processStreams();
  const terminal = new Terminal(own, env);
  const code = await run(argv, env, terminal);
  try {
    await terminal.flushed();
    return code;
  } catch (error) {
    if (!(error instanceof OutputFailed) || error.isUnread) return code;
    return printError(new CommandFailed(error.message), terminal, { json: asksJson(argv) });
  }
}

async function run(argv: string[], env: Env, terminal: Terminal): Promise<number> {
  let code = 0;
  const done = (exitCode: number) => {
    code = exitCode;
  };
  try {
    await program(env, terminal, done, asksJson(argv)).parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return printError(error, terminal, { json: asksJson(argv) });
  }
}

/** The version in the nearest package.json above this file, in a checkout and in the package. */
function versionOf(): string {
  return (createRequire(import.meta.url)('pressbox/package.json') as { version: string }).version;
}

/** Works even if the command line is otherwise invalid. */
function asksJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

function program(env: Env, terminal: Terminal, done: (code: number) => void, json: boolean): Command {
  const { stderr } = terminal.streams;
  const pressbox = new Command('pressbox')
    .description('Live news coverage that reaches every reader, and every correction with it')
    .version(versionOf(), '--version', 'print the version')
    .exitOverride()
    .hook('preAction', (_program, command) => resolveToken(command, terminal))
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: (text, write) => write(json ? `${plainJson({ error: text.trim().replace(/^error: /, '') })}\n` : text),
      getOutHasColors: () => terminal.style.coloured,
      getErrHasColors: () => false,
    })
    .showHelpAfterError(json ? false : '(see --help)')
    .addHelpText(
      'after',
      `
Commands that contact a server read PRESSBOX_URL and PRESSBOX_TOKEN. Exit codes: 0 success, 1 refused, unreachable or output failed,
2 wrong usage.
In a checkout or a local installation, use \`npx pressbox\`.

Examples:
  $ pressbox serve --demo
  $ pressbox follow moon-landing
  $ pressbox post moon-landing "Eagle is on its way down."
  $ pressbox correct moon-landing latest --note "The crew is three." "Three are on board."`,
    );
  addServerCommands(pressbox, env, terminal, done);
  addTokenCommands(pressbox, env, terminal, done);
  addFollowCommand(pressbox, env, terminal, done);
  addPostCommands(pressbox, env, terminal, done);
  addMediaCommands(pressbox, env, terminal, done);
  addChannelCommands(pressbox, env, terminal, done);
  addExportCommand(pressbox, env, terminal, done);
  addImportCommand(pressbox, env, terminal, done);
  addArchiveCommand(pressbox, env, terminal, done);
  addVerifyCommand(pressbox, env, terminal, done);
  addBackupCommand(pressbox, env, terminal, done);
  addMigrateCommand(pressbox, env, terminal, done);
  addRepairCommand(pressbox, env, terminal, done);
  addConformanceCommand(pressbox, env, terminal, done);
  return pressbox;
}
