import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { displayedRevisions } from '../../../client/cli/displayed-revisions.ts';
import { AuthorClient, type SeenPost } from '../../../client/lib/author-client.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import { run } from '../../support/servers/command.ts';
import { commandRoom } from '../../support/servers/command-room.ts';

/**
 * Changes are based on the revision last displayed on this machine. The tests use a real server, and a colleague who also writes.
 */

const room = commandRoom();
let state: string;
let colleague: AuthorClient;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'pressbox-state-'));
  onTestFinished(() => rm(state, { recursive: true, force: true }));
  const token = await room.server.token({ editor: ['*'] }, { sub: 'bob', name: 'Bob' });
  colleague = new AuthorClient({ url: room.server.url, token });
});

async function done(argv: string[], options?: Parameters<typeof run>[2]) {
  const running = run(argv, { ...room.env, XDG_STATE_HOME: state }, options);
  return { code: await running.code, out: running.out, err: running.err };
}
const newest = async () => (await room.author.listPosts(room.channelId)).posts[0] as SeenPost;
const bodyNow = async (id: string) => (await room.author.getPost(room.channelId, id)).body;

async function colleagueUpdates(id: string, body = 'What the colleague found out.'): Promise<void> {
  const { revision } = await colleague.getPost(room.channelId, id);
  await colleague.revise(room.channelId, id, revision, { kind: 'update', changes: { body } });
}

describe('pressbox correct without --revision', () => {
  it.for(['correction', 'clarification', 'update', 'refile'])(
    'makes no %s if a colleague has changed the post since it was displayed, and prints that change',
    async (kind) => {
      await done(['post', room.channelId, 'Two on board.']);
      const { id } = await newest();
      await colleagueUpdates(id);
      const argv = ['correct', room.channelId, 'latest', '--kind', kind, '--note', 'It is three.', 'Three on board.'];
      const { code, out, err } = await done(argv);
      expect([code, out]).toEqual([1, '']);
      expect(err).toContain('Someone else changed it first.');
      expect(err).toContain('What the colleague found out.');
      expect(err).toContain('--revision 2');
      expect(await bodyNow(id)).toBe('What the colleague found out.');
      // The refusal displayed the new revision, so the same command is now based on it.
      await colleagueUpdates(id, 'Once more.');
      expect((await done(argv)).code).toBe(1);
      expect(await bodyNow(id)).toBe('Once more.');
      expect((await done(argv)).code).toBe(0);
      expect(await bodyNow(id)).toBe('Three on board.');
    },
  );

  it('accepts a correction after another that was made on this machine', async () => {
    await done(['post', room.channelId, 'Two on board.']);
    for (const text of ['Three.', 'Four.', 'Five.']) {
      expect((await done(['correct', room.channelId, 'latest', '--kind', 'update', text])).code).toBe(0);
    }
    expect(await newest()).toMatchObject({ body: 'Five.', revision: 4 });
  });

  it('uses the revisions that follow has displayed, and no others', async () => {
    const { post } = await colleague.publish(room.channelId, { body: 'One.' });
    const following = run(['follow', room.channelId], { ...room.env, XDG_STATE_HOME: state });
    await vi.waitFor(() => expect(following.out).toContain('One.'));
    await colleagueUpdates(post.id, 'Two.');
    await vi.waitFor(() => expect(following.out).toContain('Two.'));
    following.interrupt();
    await following.code;
    const argv = ['correct', room.channelId, post.id, '--kind', 'update'];
    expect((await done([...argv, 'Three.'])).code).toBe(0);
    const json = run(['follow', room.channelId, '--json'], { ...room.env, XDG_STATE_HOME: state });
    await vi.waitFor(() => expect(json.err).toContain('Live.'));
    await colleagueUpdates(post.id, 'Four.');
    await vi.waitFor(() => expect(json.out).toContain('Four.'));
    json.interrupt();
    await json.code;
    // Output for a program does not count as displayed.
    expect((await done([...argv, 'Five.'])).code).toBe(1);
  });

  it('prints a post that was not displayed before, and asks for --revision if nobody can be asked', async () => {
    const { post } = await colleague.publish(room.channelId, { body: 'One.' });
    await colleagueUpdates(post.id, 'Two.');
    const argv = ['correct', room.channelId, post.id, '--kind', 'update'];
    const json = await done([...argv, '--json', 'Three.']);
    expect([json.code, JSON.parse(json.err)]).toEqual([1, { error: expect.stringContaining('--revision 2') }]);
    const { code, out, err } = await done([...argv, 'Three.']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('Two.');
    expect(err).toContain('This is revision 2.');
    expect(err).toContain('repeat the command with --revision 2.');
    expect(await bodyNow(post.id)).toBe('Two.');
    expect((await done([...argv, '--revision', '2', 'Three.'])).code).toBe(0);
    expect(await bodyNow(post.id)).toBe('Three.');
  });

  it.for([
    ['y\n', 'Two.'],
    ['Yes\n', 'Two.'],
    ['n\n', 'One.'],
    ['\n', 'One.'],
    ['', 'One.'],
  ] as const)(
    'prints a post that was not displayed before and asks in a terminal: after the input %j the post says %s',
    async ([input, body]) => {
      const { post } = await colleague.publish(room.channelId, { body: 'One.' });
      const argv = ['correct', room.channelId, post.id, '--kind', 'update', 'Two.'];
      const { code, err } = await done(argv, { terminal: true, input });
      expect(err).toMatch(/One\.[\s\S]*This is revision 1\.[\s\S]*\? \[y\/N\] /);
      expect([code, await bodyNow(post.id)]).toEqual([body === 'Two.' ? 0 : 1, body]);
    },
  );

  it('does not treat the text of a post on standard input as the answer', async () => {
    const { post } = await colleague.publish(room.channelId, { body: 'One.' });
    const argv = ['correct', room.channelId, post.id, '--kind', 'update', '-'];
    const { code, err } = await done(argv, { terminal: true, input: 'y\n' });
    expect([code, err]).toEqual([1, expect.stringContaining('--revision 1')]);
    expect(await bodyNow(post.id)).toBe('One.');
  });
});

describe('commands other than pressbox correct:', () => {
  it('retract withdraws nothing if a colleague has changed the post since it was displayed', async () => {
    await done(['post', room.channelId, 'A rumour.']);
    const { id } = await newest();
    await colleagueUpdates(id, 'It is confirmed.');
    const argv = ['retract', room.channelId, 'latest', '--note', 'Not so.'];
    const { code, err } = await done(argv);
    expect([code, err]).toEqual([1, expect.stringContaining('It is confirmed.')]);
    expect((await newest()).status).toBe('published');
    expect((await done([...argv, '--revision', '2'])).code).toBe(0);
    expect((await newest()).status).toBe('retracted');
  });

  it('takedown erases only with --yes, or after a confirmation in a terminal', async () => {
    await done(['post', room.channelId, '--headline', 'A name', 'Xylander.']);
    const { id } = await newest();
    const argv = ['takedown', room.channelId, 'latest'];
    const { code, err } = await done(argv);
    expect([code, err]).toEqual([2, expect.stringContaining('Confirm with --yes.')]);
    expect((await done(argv, { terminal: true, input: 'no\n' })).code).toBe(1);
    expect(await bodyNow(id)).toBe('Xylander.');
    const asked = await done(argv, { terminal: true, input: 'y\n' });
    expect([asked.code, asked.err]).toEqual([0, expect.stringContaining(`${id.slice(-6)} A name`)]);
    expect((await newest()).status).toBe('taken-down');
    await done(['post', room.channelId, 'Another name.']);
    expect((await done([...argv, '--yes'])).code).toBe(0);
  });

  it('channel delete also asks in a terminal', async () => {
    const token = await room.server.token({ admin: true });
    const argv = ['channel', 'delete', room.channelId, '--token', token];
    expect((await done(argv, { terminal: true, input: 'n\n' })).code).toBe(1);
    expect((await room.author.getChannel(room.channelId)).id).toBe(room.channelId);
    expect((await done(argv, { terminal: true, input: 'y\n' })).code).toBe(0);
    await expect(room.author.getChannel(room.channelId)).rejects.toThrow();
  });

  it('pin prints what was pinned before', async () => {
    await done(['post', room.channelId, 'One.']);
    const one = await newest();
    await colleague.pin(room.channelId, one.id);
    await done(['post', room.channelId, 'Two.']);
    const { out } = await done(['pin', room.channelId, 'latest']);
    expect(out).toContain(`Before, ${one.id.slice(-6)} was pinned.`);
    expect((await done(['pin', room.channelId, '--none'])).out).toContain(`Before, ${(await newest()).id.slice(-6)} was pinned.`);
  });

  it('channel update changes no headline that a colleague has changed since it was displayed', async () => {
    const { out } = await done(['channel', 'create', 'Moon', '--json']);
    const { id } = (JSON.parse(out) as { channel: { id: string } }).channel;
    expect((await done(['channel', 'update', id, '--section', 'Space'])).code).toBe(0);
    const argv = (headline: string) => ['channel', 'update', id, '--headline', headline, '--change', 'update'];
    expect((await done(argv('Near the Moon'))).code).toBe(0);
    await colleague.updateChannel(id, '*', { headline: 'On the Moon', change: { kind: 'update' } });
    const { code, err } = await done(argv('To the Moon'));
    expect([code, err]).toEqual([1, expect.stringContaining('On the Moon')]);
    expect((await room.author.getChannel(id)).headline).toBe('On the Moon');
    // A command with another state directory has not displayed the headline.
    const elsewhere = join(state, 'elsewhere');
    const other = run(argv('To the Moon'), { ...room.env, XDG_STATE_HOME: elsewhere });
    expect([await other.code, other.err]).toEqual([1, expect.stringContaining('--revision 4')]);
    expect((await done(argv('To the Moon'))).code).toBe(0);
  });
});

describe('the file of displayed revisions', () => {
  it('is readable by its user alone, and contains no names or texts', async () => {
    await done(['post', room.channelId, '--headline', 'Touchdown', 'The Eagle has landed.']);
    const folder = join(state, 'pressbox');
    const [name = '', ...more] = await readdir(folder);
    expect(more).toEqual([]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, name), 'utf8')).toMatch(/^[\w-]{22} 1\n$/);
  });

  it('is in ~/.local/state if XDG_STATE_HOME is not an absolute path', async () => {
    for (const given of ['', 'relative']) {
      const running = run(['post', room.channelId, 'One.'], {
        ...room.env,
        XDG_STATE_HOME: given,
        HOME: join(state, `home${given}`),
      });
      expect(await running.code).toBe(0);
      expect(await readdir(join(state, `home${given}`, '.local/state/pressbox'))).toHaveLength(1);
    }
  });

  it('is bounded, and keeps the latest entries', async () => {
    const shown = displayedRevisions({ XDG_STATE_HOME: state }, 'http://127.0.0.1:4000');
    const ids = Array.from({ length: 100 }, () => newPostId());
    for (let round = 1; round <= 300; round += 1) {
      shown.record(
        'moon',
        ids.map((id) => ({ id, revision: round })),
      );
      if (round === 150)
        shown.record(
          'moon',
          Array.from({ length: 3_000 }, () => ({ id: newPostId(), revision: 1 })),
        );
    }
    const file = join(state, 'pressbox', 'shown-revisions');
    expect((await stat(file)).size).toBeLessThanOrEqual(256 * 1024);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(new Set(ids.map((id) => shown.get('moon', id)))).toEqual(new Set([300]));
    for (const other of [
      displayedRevisions({ XDG_STATE_HOME: state }, 'http://127.0.0.1:4001').get('moon', ids[0] as string),
      shown.get('mars', ids[0] as string),
    ]) {
      expect(other).toBeUndefined();
    }
    expect(displayedRevisions({ XDG_STATE_HOME: state }, 'HTTP://127.0.0.1:4000/').get('moon', ids[0] as string)).toBe(300);
  });

  it('is optional: the command asks if it cannot be written or read', async () => {
    await writeFile(join(state, 'pressbox'), 'no folder');
    expect((await done(['post', room.channelId, 'One.'])).code).toBe(0);
    const refused = await done(['correct', room.channelId, 'latest', '--kind', 'update', 'Two.']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('--revision 1')]);
  });
});
