import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Report, Result } from '../../../conformance/index.ts';
import { bodyWithField, Http } from '../../lib/http.ts';
import { asFileError, CommandFailed, UsageError } from '../command-errors.ts';
import { errorReason } from '../explaining-fetch.ts';
import { collect } from '../option-values.ts';
import { serverOf } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';
import { addTokenOptions } from '../token-options.ts';

/** `conformance`: checks whether a server, of this project or another, fulfils the wire contract. */
interface ConformanceOptions {
  token?: string;
  only?: string[];
  signInLink?: string;
  quick?: boolean;
  list?: boolean;
  json?: boolean;
  record?: string;
  clientRules?: string;
}

export function addConformanceCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addTokenOptions(
    program.command('conformance'),
    'an editor token for conformance-*, or an admin token, which leaves nothing behind',
  )
    .description('Check whether a server keeps the wire contract, rule by rule')
    .argument('[url]', 'the server (PRESSBOX_URL)')
    .option('--only <name>', 'only this case, or a part such as sockets/; may be repeated', collect)
    .option('--sign-in-link <address>', 'an unused link of `pressbox token --link`, for the case that uses it up')
    .option('--quick', 'skip the cases that wait for seconds')
    .option('--list', 'print the names and rules, and check nothing')
    .option('--record <file>', "write what went over the wire as JSON, for a client's tests")
    .option('--client-rules <file>', "check nothing; record the rules for clients as scenarios, for a client's tests")
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
It works in channels of its own, whose ids begin with conformance-. Exit codes: 0 every rule is kept, 1 one is not, 2 wrong usage.

Examples:
  $ export PRESSBOX_TOKEN=$(pressbox token --name examiner --admin)
  $ pressbox conformance http://127.0.0.1:4000
  $ pressbox conformance --only sockets/ --record exchanges.json`,
    )
    .action(async (url: string | undefined, options: ConformanceOptions) => done(await run(url, options)));

  async function run(url: string | undefined, options: ConformanceOptions): Promise<number> {
    const { cases, CannotTest, runCases, matchesSelection, newChannelId } = await import('../../../conformance/index.ts');
    if (options.list) {
      if (options.json) terminal.json(cases.map(({ name, rule }) => ({ name, rule })));
      else for (const { name, rule } of cases) terminal.print(`${name}\n  ${rule}`);
      return 0;
    }
    const address = url ?? env.PRESSBOX_URL;
    if (!address) throw new UsageError('Which server? Give its address, or set PRESSBOX_URL.');
    const server = serverOf({ ...options, url: address }, env);
    const { token } = server;
    if (!token) throw new UsageError("Give an editor's token in PRESSBOX_TOKEN or with --token-file.");
    const { only, signInLink } = options;
    const unknown = only?.find((wanted) => !cases.some(({ name }) => matchesSelection(name, wanted)));
    if (unknown !== undefined) throw new UsageError(`There is no case ${plainLine(unknown)}; --list prints their names.`);
    const { interrupted: signal } = terminal.streams;
    // The cases judge every answer, so check first that the server is reachable.
    bodyWithField('channels', await new Http(server).get('/v1/channels?limit=1', signal));
    const where = { url: server.url, token, signal };
    if (options.clientRules !== undefined) {
      const { recordClientRules } = await import('../../../conformance/client-rules.ts');
      await writeJson(options.clientRules, await recordClientRules({ ...where, newId: newChannelId }));
      return 0;
    }
    const report = await runCases({
      ...where,
      ...(only !== undefined && { only }),
      ...(signInLink !== undefined && { signInLink }),
      quick: options.quick === true,
      ...(!options.json && { onResult: tell }),
    }).catch((error: unknown) => {
      if (error instanceof CannotTest) throw new CommandFailed(error.message);
      if (error instanceof TypeError)
        throw new CommandFailed(`The server at ${address} could not be reached: ${errorReason(error)}.`);
      throw error;
    });
    if (options.record !== undefined) await record(options.record, report);
    const count = (outcome: Result['outcome']) => report.results.filter((result) => result.outcome === outcome).length;
    const [kept, broken, skipped] = [count('kept'), count('broken'), count('skipped')];
    if (options.json) {
      const results = report.results.map(({ exchange: _exchange, ...result }) => result);
      terminal.json({ kept, broken, skipped, results, left: report.left });
    } else {
      terminal.print('', `${kept} kept, ${broken} broken, ${skipped} skipped`);
      if (report.left.length > 0) terminal.note(`Channels that the token may not delete were left: ${report.left.length}.`);
    }
    return broken === 0 ? 0 : 1;
  }

  function tell({ name, rule, outcome, why, tookMs }: Result): void {
    const { style } = terminal;
    const mark = { kept: style.green('✓'), broken: style.red('✗'), skipped: style.yellow('-') }[outcome];
    terminal.print(`${mark} ${name} ${style.dim(`${tookMs} ms`)}`);
    if (outcome === 'broken') terminal.print(`  ${rule}`);
    if (why !== undefined) terminal.print(`  ${plainLine(why)}`);
  }

  async function record(path: string, { results }: Report): Promise<void> {
    const shown = results
      .filter(({ outcome }) => outcome === 'kept')
      .map(({ name, rule, exchange }) => ({ name, rule, exchange }));
    await writeJson(path, shown);
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`).catch((error: unknown) => {
    throw asFileError(error, path);
  });
}
