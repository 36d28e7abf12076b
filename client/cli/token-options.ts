import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { asFileError, UsageError } from './command-errors.ts';
import { readStandardInput } from './option-values.ts';
import type { Terminal } from './terminal.ts';
import { plainJson } from './terminal-text.ts';

/** Options for the token: PRESSBOX_TOKEN, a file, standard input, or, with a warning, the command line. */
export function addTokenOptions(command: Command, whose = 'your token'): Command {
  return command
    .option('--token <token>', `${whose} (PRESSBOX_TOKEN); other users of this machine can see it here`)
    .addOption(new Option('--token-file <path>', 'a file with the token; - is standard input').conflicts('token'));
}

/** Runs before each command: reads the token of `--token-file` and warns about a visible one. */
export async function resolveToken(command: Command, terminal: Terminal): Promise<void> {
  const { token, tokenFile, json } = command.opts<{ token?: string; tokenFile?: string; json?: boolean }>();
  if (token) warnOfVisibleSecret('--token', saferTokenHint, terminal, json === true);
  if (tokenFile === undefined) return;
  const read = await readTokenFile(tokenFile, command, terminal);
  if (read === '') throw new UsageError(`--token-file: ${tokenFile === '-' ? 'The standard input' : tokenFile} is empty.`);
  command.setOptionValue('token', read);
}

async function readTokenFile(file: string, command: Command, terminal: Terminal): Promise<string> {
  if (file !== '-') {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw asFileError(error, file);
    });
    return text.trim();
  }
  const { tokenFile: _itself, ...others } = command.opts();
  if ([...command.processedArgs.flat(), ...Object.values(others)].includes('-')) {
    throw new UsageError('Standard input can be the token or the text, not both. Use a file for --token-file.');
  }
  return (await readStandardInput(terminal)).trim();
}

export const saferTokenHint = 'Use PRESSBOX_TOKEN or --token-file instead.';

/** Warns about a secret on the command line, once per command. */
export function warnOfVisibleSecret(where: string, elsewhere: string, terminal: Terminal, json: boolean): void {
  const warning = `Other users of this machine can see the value of ${where}. ${elsewhere}`;
  terminal.note(json ? plainJson({ warning }) : `pressbox: ${warning}`);
}
