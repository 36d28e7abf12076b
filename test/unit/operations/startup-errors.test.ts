import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reasonNotToStart } from '../../../src/startup-errors.ts';
import { NotBuilt } from '../../../src/web/pages/assets.ts';

const command = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));

/** Replaces the program, and prints what it received. */
const program = `
export async function main(argv: string[], env: Record<string, string | undefined>): Promise<number> {
  const hold = setInterval(() => {}, 1000);
  // Listens before it prints, because the signal may follow at once.
  const signalled = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
  console.log(JSON.stringify({ argv, word: env['WORD'], handedOver: process.env['BY_PROJECT_NODE'] === 'yes' }));
  if (argv[0] === 'wait') await signalled;
  clearInterval(hold);
  if (argv[0] === 'die') process.kill(process.pid, 'SIGKILL');
  if (argv[0] === 'throw') throw new Error('out of order');
  return Number(argv[1] ?? 0);
}
`;

describe('a server whose pages are not built', () => {
  it('does not start, and says what to run', () => {
    expect(reasonNotToStart(new NotBuilt(new Error('no file')))).toMatch(/--ignore-scripts.* Run: npm run prepare$/);
  });
});

describe('the command', () => {
  let checkout: string;
  let children: ChildProcess[];

  beforeEach(async () => {
    children = [];
    checkout = await mkdtemp(join(tmpdir(), 'pressbox-bin-'));
    await mkdir(join(checkout, 'bin'));
    await mkdir(join(checkout, 'client', 'cli'), { recursive: true });
    await copyFile(command, join(checkout, 'bin', 'pressbox.mjs'));
    await writeFile(join(checkout, 'client', 'cli', 'main.ts'), program);
    await writeFile(join(checkout, 'old.mjs'), "Object.defineProperty(process, 'version', { value: 'v20.9.0' });");
  });
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(checkout, { recursive: true });
  });

  async function installNode() {
    const node = join(checkout, 'node_modules', 'node', 'bin', 'node');
    await mkdir(join(node, '..'), { recursive: true });
    await writeFile(join(checkout, 'node_modules', 'node', 'package.json'), '{"name":"node","version":"26.0.0"}');
    await writeFile(node, `#!/bin/sh\nBY_PROJECT_NODE=yes exec '${process.execPath}' "$@"\n`);
    await chmod(node, 0o755);
  }

  function start(args: string[], { old = false } = {}) {
    const before = old ? ['--import', join(checkout, 'old.mjs')] : [];
    const child = spawn(process.execPath, [...before, join(checkout, 'bin', 'pressbox.mjs'), ...args], {
      env: { WORD: 'of the environment' },
    });
    children.push(child);
    const printed = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed.err += text;
    });
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...printed }));
    return { child, ended };
  }

  it('runs the program with its arguments, and exits with its code', async () => {
    const { code, out } = await start(['post', '3', '--json', 'a b']).ended;
    expect(JSON.parse(out)).toEqual({ argv: ['post', '3', '--json', 'a b'], word: 'of the environment', handedOver: false });
    expect(code).toBe(3);
  });

  it('continues with the Node in node_modules if it was started with one that is too old', async () => {
    await installNode();
    const { code, out } = await start(['post', '3', 'a b'], { old: true }).ended;
    expect(JSON.parse(out)).toEqual({ argv: ['post', '3', 'a b'], word: 'of the environment', handedOver: true });
    expect(code).toBe(3);
  });

  it('passes signals on, and waits for the program to end', async () => {
    await installNode();
    const { child, ended } = start(['wait', '7'], { old: true });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 7, signal: null });
  });

  it.each([{ old: false }, { old: true }])('ends with the shell of `npm start` ($old)', async ({ old }) => {
    if (old) await installNode();
    const before = old ? ['--import', join(checkout, 'old.mjs')] : [];
    const line = [process.execPath, ...before, join(checkout, 'bin', 'pressbox.mjs'), 'wait']
      .map((part) => `'${part}'`)
      .join(' ');
    const shell = spawn('sh', ['-c', `${line}; true`], { env: { npm_lifecycle_event: 'start' } });
    children.push(shell);
    await once(shell.stdout, 'data');
    shell.kill('SIGKILL');
    // The program has the same output, so this comes only when it has ended too.
    await once(shell, 'close');
  });

  it('dies of the same signal as the program', async () => {
    await installNode();
    expect(await start(['die'], { old: true }).ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  });

  it('says what to do and exits with 2 if there is no suitable Node', async () => {
    const { code, out, err } = await start(['post'], { old: true }).ended;
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/needs Node.js 24 or later; this is v20.9.0. Run "npm ci"/);
  });

  it('recognizes a Node that was installed without its scripts, and says how to fix it', async () => {
    await mkdir(join(checkout, 'node_modules', 'node'), { recursive: true });
    await writeFile(join(checkout, 'node_modules', 'node', 'package.json'), '{"name":"node","version":"26.0.0"}');
    const { code, err } = await start(['post'], { old: true }).ended;
    expect([code, err]).toEqual([2, expect.stringContaining('Run "npm rebuild node && npm run prepare"')]);
    expect(err).toContain('--ignore-scripts');
  });

  it('says which Node is needed if a program loads the server with one that is too old', async () => {
    const server = fileURLToPath(new URL('../../../bin/server.mjs', import.meta.url));
    const child = spawn(process.execPath, ['--import', join(checkout, 'old.mjs'), server], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(err).toContain('pressbox/server needs Node.js 24 or later; this is v20.9.0. Run "npm install node"');
  });

  it('reports a program that failed', async () => {
    const { code, err } = await start(['throw']).ended;
    expect(code).toBe(70);
    expect(err).toContain('out of order');
  });
});
