import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type { Event } from '../../../src/protocol/model.ts';
import { createChannel } from '../../support/authors/writers.ts';
import { type Running, run } from '../../support/servers/command.ts';
import { commandRoom } from '../../support/servers/command-room.ts';
import { startServerProcess } from '../../support/servers/process.ts';

/** A reader in the terminal, against a real server. */

const room = commandRoom();
const { done, env } = room;
const esc = '\u001b';
/** Two attempts to reach a server may be half a minute apart. */
const patient = { timeout: 60_000 };
const bin = fileURLToPath(new URL('../../../bin/pressbox.mjs', import.meta.url));

describe('pressbox follow', () => {
  it('ends with an error if --since is not a cursor', async () => {
    for (const since of ['garbage', '', 'a'.repeat(200)]) {
      const { code, out, err } = await done(['follow', room.channelId, '--since', since]);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('not a cursor');
    }
  });

  async function following(argv: string[] = [], options: Parameters<typeof run>[2] = {}): Promise<Running> {
    const running = run(['follow', room.channelId, ...argv], env, options);
    await vi.waitFor(() => expect(running.err).toContain('Live.'));
    return running;
  }
  const shows = (running: Running, text: string) => vi.waitFor(() => expect(running.out).toContain(text));

  it('prints the existing posts, then posts, corrections with what they replace, and withdrawals as they happen', async () => {
    for (const body of ['Long before.', 'Before.']) await room.author.publish(room.channelId, { body });
    const running = await following();
    // The newest post comes last, because later output follows below it.
    expect(running.out).toMatch(/^To the Moon\n.*Long before\..* Before\./s);
    const { post } = await room.author.publish(room.channelId, {
      headline: 'Two men',
      body: 'Two are on board.',
      verification: 'unverified',
    });
    await shows(running, 'UNVERIFIED Two men');
    const changes = { headline: 'Three men', body: 'Three are on board.', verification: null };
    await room.author.correct(room.channelId, post.id, 1, { note: 'We forgot Collins.', changes });
    await shows(running, '+ Three are on board.');
    const told = running.out.slice(running.out.indexOf('CORRECTION'));
    expect(told).toMatch(/CORRECTION of \d\d:\d\d Three men/);
    for (const line of ['We forgot Collins.', '- Two men', '- Two are on board.', 'verification: unverified no longer']) {
      expect(told).toContain(line);
    }
    await room.author.retract(room.channelId, post.id, { note: 'All wrong.' });
    await shows(running, 'All wrong.');
    expect(running.out).toMatch(/RETRACTED \d\d:\d\d Three men/);
    await room.author.updateChannel(room.channelId, '*', { state: 'ended' });
    await shows(running, 'The coverage has ended.');
    running.interrupt();
    expect(await running.code).toBe(0);
    expect(running.out).not.toContain(esc);
  });

  it('does not print the text of a post again after it was taken down', async () => {
    const running = await following();
    const { post } = await room.author.publish(room.channelId, { headline: 'Xylander', body: 'A name: Xylander.' });
    await shows(running, 'A name: Xylander.');
    const shown = running.out.length;
    await room.author.takedown(room.channelId, post.id, { note: 'For legal reasons.' });
    await shows(running, 'For legal reasons.');
    expect(running.out.slice(shown)).toContain('TAKEN DOWN');
    expect(running.out.slice(shown)).not.toContain('Xylander');
    running.interrupt();
    await running.code;
  });

  it('uses colours only on a terminal, and not if NO_COLOR is set', async () => {
    await room.author.publish(room.channelId, { headline: 'One', body: 'First.' });
    const coloured = await following([], { terminal: true });
    expect(coloured.out).toContain(`${esc}[1mOne${esc}[22m`);
    coloured.interrupt();
    env.NO_COLOR = '1';
    const plain = await following([], { terminal: true });
    delete env.NO_COLOR;
    expect(plain.out).not.toContain(esc);
    plain.interrupt();
    await Promise.all([coloured.code, plain.code]);
  });

  it('survives a restart of the server, prints once that it was offline, and prints what was missed', async () => {
    const running = await following();
    await room.server.restart();
    await room.author.publish(room.channelId, { body: 'While you were away.' });
    await shows(running, 'While you were away.');
    await vi.waitFor(() => expect(running.err).toContain('Live again.'));
    expect(running.err.match(/Offline since/g)).toHaveLength(1);
    expect(running.out.match(/While you were away/g)).toHaveLength(1);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('prints once which server it cannot reach and where the address comes from, and goes live when it can', async () => {
    await using server = await startServerProcess();
    const { id } = await createChannel(server, await server.token());
    await server.stop();
    let attempts = 0;
    const refusing = createServer((socket) => {
      attempts += 1;
      // Read the request first: closing a socket with unread data resets it, which gives another error.
      socket.on('error', () => {}).once('data', () => socket.end());
    });
    refusing.listen(Number(new URL(server.url).port), '127.0.0.1');
    const running = run(['follow', id], { PRESSBOX_URL: server.url });
    onTestFinished(() => running.interrupt());
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(5), patient);
    expect(running.err.split('\n')).toEqual([
      `There is no connection to ${server.url} yet. Trying again ...`,
      expect.stringMatching(/^ {2}The server could not be reached: GET \S+\/v1\/channels\/\S+: other side closed\.$/),
      expect.stringMatching(/^ {2}Set the server's address with --url or PRESSBOX_URL/),
      '',
    ]);
    await new Promise((resolve) => refusing.close(resolve));
    await server.start();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive\.\n$/), patient);
    await server.stop();
    await server.start();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive\.\nOffline since .+\nLive again\.\n$/), patient);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('prints the events after a cursor as lines of JSON', async () => {
    const { cursor } = await room.author.publish(room.channelId, { body: 'One.' });
    const { post } = await room.author.publish(room.channelId, { body: 'Two.' });
    const running = await following(['--json', '--since', cursor]);
    await room.author.correct(room.channelId, post.id, 1, { note: 'Three.', changes: { body: 'Three.' } });
    await vi.waitFor(() => expect(running.out.trim().split('\n')).toHaveLength(2));
    const events = running.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(events.map(({ type, offset }) => [type, offset])).toEqual([
      ['post.published', 3],
      ['post.revised', 4],
    ]);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('prints corrections of the channel’s headline to returning and to new readers', async () => {
    const { cursor } = await room.author.publish(room.channelId, { body: 'One.' });
    const change = { kind: 'correction', note: 'We go no further than the Moon.' } as const;
    await room.author.updateChannel(room.channelId, '*', { headline: 'To the Moon and back', change });
    await room.author.updateChannel(room.channelId, '*', { standfirst: 'Three men.', change: { kind: 'update' } });
    for (const argv of [['--since', cursor], []]) {
      const running = await following(argv);
      await shows(running, 'To the Moon and back');
      await shows(running, 'We go no further than the Moon.');
      running.interrupt();
      expect(await running.code).toBe(0);
    }
  });

  it('prints what each change of the channel replaced', async () => {
    const running = await following();
    for (const headline of ['To the Moon and back', 'To Mars']) {
      await room.author.updateChannel(room.channelId, '*', { headline, change: { kind: 'update' } });
      await shows(running, `It is now: ${headline}`);
    }
    expect(running.out.match(/The headline was: .*/g)).toEqual([
      'The headline was: To the Moon',
      'The headline was: To the Moon and back',
    ]);
    running.interrupt();
    await running.code;
  });

  it('prints a line of JSON if the channel has another history than the cursor', async () => {
    await room.author.publish(room.channelId, { body: 'Of this history.' });
    const running = await following(['--json', '--since', 'aaaaaaaaaaaa.7.0123456789abcdef']);
    expect(running.out).toBe(`{"type":"reset","channelId":"${room.channelId}"}\n`);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('exits with 1 and the reason if reading is no longer permitted, or the channel is gone', async () => {
    const admin = await room.server.token({ admin: true });
    const { jti } = JSON.parse(Buffer.from(admin.split('.')[1] ?? '', 'base64url').toString());
    const member = run(['follow', room.channelId], { ...env, PRESSBOX_TOKEN: admin });
    const anybody = await following();
    await vi.waitFor(() => expect(member.err).toContain('Live.'));
    const other = await room.server.token({ admin: true });
    await new AuthorClient({ url: room.server.url, token: other }).revokeToken({ jti });
    expect(await member.code).toBe(1);
    expect(member.err).toContain('pressbox: The token was revoked.');
    await new AuthorClient({ url: room.server.url, token: other }).deleteChannel(room.channelId);
    expect(await anybody.code).toBe(1);
    expect(anybody.err).toContain('pressbox: The channel was deleted.');
  });

  it('prints the whole channel if it has another history than the cursor, and then what happens', async () => {
    await room.author.publish(room.channelId, { body: 'Of this history.' });
    const running = await following(['--since', 'aaaaaaaaaaaa.7.0123456789abcdef']);
    await shows(running, 'another history');
    await shows(running, 'Of this history.');
    await room.author.publish(room.channelId, { body: 'After it.' });
    await shows(running, 'After it.');
    for (const once of ['To the Moon', 'Of this history.', 'After it.']) expect(running.out.split(once)).toHaveLength(2);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('ends cleanly when interrupted, as a process too', async () => {
    const child = spawn(process.execPath, [bin, 'follow', room.channelId], { env: { ...process.env, ...env } });
    const exited = once(child, 'exit');
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await vi.waitFor(() => expect(said).toContain('Live.'));
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  it('exits with 1 if the channel does not exist', async () => {
    const { code, err } = await done(['follow', 'no-such-channel']);
    expect([code, err]).toEqual([1, expect.stringContaining('There is no channel with this id')]);
  });
});
