import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, vi } from 'vitest';
import { AuthorClient, type SeenPost } from '../../../client/lib/author-client.ts';
import { newPostId } from '../../../client/lib/ids.ts';
import type { Channel } from '../../../src/protocol/model.ts';
import { run } from '../../support/servers/command.ts';
import { commandRoom } from '../../support/servers/command-room.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startTestServer } from '../../support/servers/server.ts';
import { startSite } from '../../support/servers/site.ts';

/** The writing commands, against a real server. */

const room = commandRoom();
const { done, env } = room;
const newest = async () => (await room.author.listPosts(room.channelId)).posts[0] as SeenPost;

describe('pressbox post', () => {
  it('publishes its options and its text', async () => {
    const argv = [
      'post',
      room.channelId,
      '--headline',
      'Touchdown',
      '--key-event',
      '--kind',
      'breaking',
      '--unverified',
      '--developing',
    ];
    const image = ['--image', 'https://example.org/eagle.jpg', '--alt', 'Eagle', '--focus', '0.3,1'];
    const { code, out } = await done([...argv, ...image, '--source', 'Control', '--source', 'Radio', 'It', 'is', '**down**.']);
    expect(code).toBe(0);
    const post = await newest();
    expect(post).toMatchObject({
      headline: 'Touchdown',
      keyEvent: true,
      kind: 'breaking',
      verification: 'unverified',
      developing: true,
      body: 'It is **down**.',
      media: [{ type: 'image', url: 'https://example.org/eagle.jpg', alt: 'Eagle', focus: { x: 0.3, y: 1 } }],
      sources: [{ name: 'Control' }, { name: 'Radio' }],
    });
    expect(out).toContain(`Published ${post.id.slice(-6)} Touchdown`);
    expect(out).toContain(`${room.server.url}/live/${room.channelId}/${post.id}`);
  });

  it('keeps the description of an image unchanged, also in a right-to-left language', async () => {
    const alt = '\u2067\u0646\u0633\u0631\u2069 over craters';
    expect((await done(['post', room.channelId, '--image', 'https://example.org/eagle.jpg', '--alt', alt])).code).toBe(0);
    expect((await newest()).media).toEqual([{ type: 'image', url: 'https://example.org/eagle.jpg', alt }]);
  });

  it('shows an example to an author who gives nothing to post', async () => {
    const { code, err } = await done(['post', room.channelId, '--unverified']);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(`\n  pressbox post ${room.channelId} "`) });
  });

  it('reads the body from standard input', async () => {
    expect((await done(['post', room.channelId, '-'], { input: 'One.\r\n\r\nTwo \u{1f319}.\n' })).code).toBe(0);
    expect((await newest()).body).toBe('One.\n\nTwo \u{1f319}.');
  });

  it('reads standard input as UTF-8, however it is split into chunks, and rejects anything else', async () => {
    const input = [...Buffer.from('Žluťoučký kůň 🌙.\r\n')].map((byte) => Uint8Array.of(byte));
    expect(await done(['post', room.channelId, '-'], { input })).toMatchObject({ code: 0, err: '' });
    expect((await room.author.listPosts(room.channelId)).posts[0]).toMatchObject({ body: 'Žluťoučký kůň 🌙.' });
    const latin = await done(['post', room.channelId, '-'], { input: [Buffer.from('Žluťoučký', 'latin1')] });
    expect(latin).toEqual({ code: 2, out: '', err: 'pressbox: The standard input is not UTF-8 text.\n' });
    expect((await room.author.listPosts(room.channelId)).posts).toHaveLength(1);
  });

  it('trims white space around a token, as from a file, and treats an empty address as the default', async () => {
    const { PRESSBOX_TOKEN: token = '' } = env;
    expect(await run(['post', room.channelId, 'One.'], { ...env, PRESSBOX_TOKEN: ` ${token}\n` }).code).toBe(0);
    const help = run(['post', '--help'], { PRESSBOX_URL: '' });
    expect(await help.code).toBe(0);
    expect(help.out.replace(/\s+/g, ' ')).toContain('default: "http://127.0.0.1:4000"');
  });

  it('prints the answer as JSON', async () => {
    const { out } = await done(['post', room.channelId, 'One', '--json']);
    expect(JSON.parse(out)).toMatchObject({ post: { body: 'One' }, offset: 2, replayed: false });
  });

  it('exits with 1 and the reason if the server refuses', async () => {
    const refused = await done(['post', room.channelId, '--headline', ' ', 'One']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toContain('headline: Must not be empty.');
    const json = await done(['post', 'no-such-channel', 'One', '--json']);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.err)).toMatchObject({ code: 'not-found' });
  });

  it('exits with 1 if there is no answer, and says how to continue', async () => {
    await using silent = await startSite(() => {});
    const nobody = run(['post', room.channelId, 'One', '--timeout', '0.1', '--url', silent.url], env);
    expect(await nobody.code).toBe(1);
    const again = /--id \S+ --key \S+/.exec(nobody.err)?.[0].split(' ') ?? [];
    for (let each = 0; each < 2; each += 1) expect((await done(['post', room.channelId, 'One', ...again])).code).toBe(0);
    expect((await room.author.listPosts(room.channelId)).posts).toHaveLength(1);
  });

  it('exits with 1 if no connection can be made, and says that nothing was sent', async () => {
    const argv = ['post', room.channelId, 'One', '--timeout', '0.1', '--url', `http://127.0.0.1:${await freePort()}`];
    const { code, err } = await done(argv);
    expect([code, err]).toEqual([1, expect.stringContaining('Nothing was sent.')]);
    expect(err).not.toContain('The outcome is unknown');
    expect(JSON.parse((await done([...argv, '--json'])).err.trim().split('\n').at(-1) ?? '')).not.toHaveProperty('again');
    // The earlier command may have been executed.
    const goingOn = await done([...argv, '--key', 'one']);
    expect(goingOn.err).not.toContain('Nothing was sent.');
    expect(goingOn.err).toContain('--key one');
  });

  it('reports the current state of a post when the command is repeated', async () => {
    const again = ['post', room.channelId, 'One', '--id', newPostId(), '--key', 'one'];
    expect((await done(again)).out).toContain('Published');
    const { id } = await newest();
    const noLonger = async () => (await done(again)).out;
    expect(await noLonger()).not.toContain('since');
    await room.author.retract(room.channelId, id, { note: 'Wrong.' });
    expect(await noLonger()).toContain('It was retracted since.');
    await room.author.takedown(room.channelId, id);
    expect(await noLonger()).toContain('It was taken down since.');
  });

  it('exits with 2 on wrong usage', async () => {
    for (const wrong of [
      ['post'],
      ['post', room.channelId, '--kind', 'poem', 'One'],
      ['post', room.channelId, '--image', 'https://example.org/a.jpg', 'One'],
      ['post', room.channelId, '--image', 'https://example.org/a.jpg', '--alt', 'A', '--focus', '0.3', 'One'],
      ['post', room.channelId, '--focus', '0.3,0.2', 'One'],
      ['post', room.channelId, '--url', 'moon', 'One'],
      ['pots', room.channelId, 'One'],
      ['correct', room.channelId, 'latest', 'One'],
      ['pin', room.channelId],
      ['channel', 'update', room.channelId, '--headline', 'Other'],
      ['channel', 'update', room.channelId, '--section', 'Space', '--note', 'Readers would not be shown this.'],
      ['channel', 'update', room.channelId, '--section', 'Space', '--revision', ''],
      ['channel', 'update', room.channelId, '--section', 'Space', '--revision', '1e0'],
      ['channel', 'delete', room.channelId],
      ['channel', 'update', room.channelId, '--picture', 'https://example.org/eagle.jpg'],
      ['channel', 'update', room.channelId, '--picture-alt', 'Eagle'],
      ['channel', 'update', room.channelId, '--picture-focus', '0.3,0.2'],
      ['channel', 'update', '', '--section', 'Space'],
      ['channel', 'delete', '.', '--yes'],
      ['export', ''],
      ['post', room.channelId, '--key', 'n\u00b0 1 \u{1f680}', 'One'],
      ['follow', room.channelId, '--posts', '1000'],
      ['token'],
    ]) {
      const { code, err } = await done(wrong);
      expect([wrong.join(' '), code]).toEqual([wrong.join(' '), 2]);
      expect(err).not.toBe('');
    }
  });
});

describe('every command that changes the latest post', () => {
  it.each([['correct', '--note', 'Wrong.', 'Two.'], ['retract', '--note', 'Wrong.'], ['takedown', '--yes'], ['pin']])(
    'says that it needs a token, like pressbox post: %s',
    async (command, ...options) => {
      await done(['post', room.channelId, 'One.']);
      const { code, out, err } = await done([command, room.channelId, 'latest', ...options, '--token', '']);
      expect([code, out]).toEqual([1, '']);
      expect(err).toBe((await done(['post', room.channelId, 'Two.', '--token', ''])).err);
      expect(err).toContain('This request needs a token in the header `Authorization: Bearer`.\n  Set PRESSBOX_TOKEN');
    },
  );
});

describe('pressbox correct', () => {
  it('corrects the user’s own latest post, not a colleague’s that was published in between', async () => {
    await done(['post', room.channelId, 'Two on board.']);
    const mine = await newest();
    const colleague = new AuthorClient({
      url: room.server.url,
      token: await room.server.token({ editor: ['*'] }, { sub: 'bob', name: 'Bob' }),
    });
    await colleague.publish(room.channelId, { body: 'Three.' });
    const { code, out } = await done(['correct', room.channelId, 'latest', '--note', 'It is three.', 'Three on board.']);
    expect([code, out]).toEqual([0, expect.stringContaining(`Corrected ${mine.id.slice(-6)}`)]);
    expect(await room.author.getPost(room.channelId, mine.id)).toMatchObject({
      body: 'Three on board.',
      revision: 2,
      history: [{ kind: 'correction', note: 'It is three.' }],
    });
    // A withdrawn post is not a candidate.
    await done(['post', room.channelId, 'A rumour.']);
    await done(['retract', room.channelId, 'latest', '--note', 'Not so.']);
    const again = await done(['correct', room.channelId, 'latest', '--kind', 'refile', 'Three are on board.']);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining(`Refiled ${mine.id.slice(-6)}`)]);
  });

  it('finds a post by the end of its id, and accepts each kind of change', async () => {
    await done(['post', room.channelId, '--developing', '--unverified', 'One.']);
    const { id } = await newest();
    const end = id.slice(-6);
    expect(
      (await done(['correct', room.channelId, end, '--kind', 'update', '--verification', 'none', '--no-developing'])).code,
    ).toBe(0);
    expect(
      (await done(['correct', room.channelId, `\u2026${end}`, '--kind', 'refile', '--body', '-'], { input: 'Two.\n' })).code,
    ).toBe(0);
    expect(await room.author.getPost(room.channelId, id)).toMatchObject({
      body: 'Two.',
      verification: null,
      developing: false,
      revision: 3,
    });
    const { code, err } = await done(['correct', room.channelId, '000000000000', '--kind', 'update', 'Three.']);
    expect([code, err]).toEqual([1, expect.stringContaining('No post')]);
    const short = await done(['correct', room.channelId, id.slice(-3), '--kind', 'update', 'Three.']);
    expect([short.code, short.err]).toEqual([2, expect.stringContaining('at least the last four characters')]);
  });

  it('prints the post as someone else changed it', async () => {
    await done(['post', room.channelId, '--headline', 'One', 'First.']);
    const { id } = await newest();
    await room.author.revise(room.channelId, id, 1, { kind: 'update', note: 'More is known.', changes: { body: 'Second.' } });
    const { code, err } = await done(['correct', room.channelId, id, '--revision', '1', '--note', 'Wrong.', 'Third.']);
    expect(code).toBe(1);
    expect(err).toContain('More is known.');
    expect(err).toContain('Second.');
    expect(err).toContain('It is now at revision 2. If your change still applies, repeat the command with --revision 2.');
    expect((await room.author.getPost(room.channelId, id)).body).toBe('Second.');
    const again = await done(['correct', room.channelId, id, '--revision', '2', '--note', 'Wrong.', 'Third.']);
    expect([again.code, (await newest()).revision]).toEqual([0, 3]);
  });

  it('erases the earlier text with --erase-earlier, and lists the posts that restate it', async () => {
    await done(['post', room.channelId, 'A name: Xylander.']);
    const { id } = await newest();
    await done(['post', room.channelId, '--kind', 'summary', '--headline', 'So far', '--derived-from', id, 'Summary.']);
    const argv = ['correct', room.channelId, id, '--note', 'A name was given.', '--erase-earlier', 'A name: withheld.'];
    const { code, out } = await done(argv);
    expect([code, out]).toEqual([0, expect.stringContaining('(summary) So far')]);
    expect(out).toContain('The earlier text is erased.');
    const { revisions } = await room.author.listRevisions(room.channelId, id);
    expect(revisions.map(({ body }) => body)).toEqual(['A name: withheld.']);
  });

  it('says where the earlier text may still be', async () => {
    // Always on the embedded journal: a program that has its file open delays the erasure.
    await using embedded = await startTestServer({ PRESSBOX_REDIS_URL: '' });
    const token = await embedded.token();
    const author = new AuthorClient({ url: embedded.url, token });
    const { channel } = await author.createChannel({ headline: 'Names' });
    const { post } = await author.publish(channel.id, { body: 'A name: Xylander.' });
    using journal = new DatabaseSync(join(embedded.dataDir, 'journal.db'));
    journal.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    const argv = ['correct', channel.id, post.id, '--note', 'A name was given.', '--erase-earlier', 'A name: withheld.'];
    const { code, out } = await done([...argv, '--revision', '1', '--url', embedded.url, '--token', token]);
    expect([code, out]).toEqual([0, expect.stringContaining('still erasing')]);
    expect(out).toContain("the journal's write-ahead log: ");
  });
});

describe('pressbox retract, takedown and pin', () => {
  it('withdraw and pin the right post', async () => {
    await done(['post', room.channelId, 'One.']);
    const one = await newest();
    expect((await done(['pin', room.channelId, 'latest'])).out).toContain(`Pinned ${one.id.slice(-6)}`);
    expect((await room.author.getChannel(room.channelId)).pinnedPostId).toBe(one.id);
    await done(['pin', room.channelId, '--none']);
    expect((await room.author.getChannel(room.channelId)).pinnedPostId).toBeNull();
    expect((await done(['retract', room.channelId, 'latest', '--note', 'Not so.'])).code).toBe(0);
    expect(await room.author.getPost(room.channelId, one.id)).toMatchObject({
      status: 'retracted',
      history: [{ note: 'Not so.' }],
    });
    // The text may still be in the store when the first takedown is answered.
    await vi.waitFor(async () => {
      const { code, out } = await done(['takedown', room.channelId, one.id.slice(-8), '--yes']);
      expect([code, out]).toEqual([0, expect.stringContaining('Its text is erased.')]);
    });
    expect((await room.author.getPost(room.channelId, one.id)).status).toBe('taken-down');
    expect(await done(['retract', room.channelId, one.id, '--note', 'Again.'])).toMatchObject({ code: 1 });
  });
});

describe('pressbox channel', () => {
  it('creates, lists, changes, ends and deletes', async () => {
    const id = `moon-${Date.now()}`;
    const created = await done([
      'channel',
      'create',
      'Moon',
      '--id',
      id,
      '--byline',
      'Ada',
      '--scheduled',
      '--timezone',
      'Europe/Berlin',
    ]);
    expect([created.code, created.out]).toEqual([0, expect.stringContaining(`/live/${id}`)]);
    expect((await done(['channel', 'update', id, '--state', 'live', '--section', 'Space'])).code).toBe(0);
    const headline = ['--headline', 'On the Moon', '--change', 'correction', '--note', 'They are there.'];
    expect((await done(['channel', 'update', id, ...headline])).code).toBe(0);
    expect(await room.author.getChannel(id)).toMatchObject({
      state: 'live',
      section: 'Space',
      headline: 'On the Moon',
      byline: [{ name: 'Ada' }],
      timezone: 'Europe/Berlin',
      history: [{ kind: 'correction', note: 'They are there.' }],
    });
    expect((await done(['channel', 'update', id, '--section', ''])).code).toBe(0);
    const picture = ['--picture', 'https://example.org/eagle.jpg', '--picture-alt', 'Eagle over craters'];
    const about = ['--picture-caption', 'On its way down.', '--picture-credit', 'NASA', '--picture-size', '1200x675'];
    expect((await done(['channel', 'update', id, ...picture, ...about])).code).toBe(0);
    expect((await room.author.getChannel(id)).picture).toEqual({
      url: 'https://example.org/eagle.jpg',
      alt: 'Eagle over craters',
      caption: 'On its way down.',
      credit: 'NASA',
      width: 1200,
      height: 675,
    });
    expect((await done(['channel', 'update', id, ...picture, '--picture-focus', '0.3,0.2'])).code).toBe(0);
    expect((await room.author.getChannel(id)).picture).toEqual({
      url: 'https://example.org/eagle.jpg',
      alt: 'Eagle over craters',
      focus: { x: 0.3, y: 0.2 },
    });
    const removal = ['--picture', '', '--change', 'correction', '--note', 'It was another craft.'];
    expect((await done(['channel', 'update', id, ...removal])).code).toBe(0);
    expect(await room.author.getChannel(id)).toMatchObject({ picture: null, history: [{}, { note: 'It was another craft.' }] });
    expect((await room.author.getChannel(id)).section).toBeNull();
    expect((await done(['channel', 'list', '--state', 'live'])).out).toContain(`${id}  live  On the Moon`);
    expect((await done(['channel', 'list', '--state', 'live', '--order', 'activity'])).out).toContain(`${id}  live  On the Moon`);
    const orderAlone = await done(['channel', 'list', '--order', 'activity']);
    expect([orderAlone.code, orderAlone.err]).toEqual([1, expect.stringContaining('state')]);
    expect((await done(['channel', 'end', id])).out).toContain('Ended');
    const listed = (await done(['channel', 'list', '--json'])).out.trim().split('\n');
    expect(listed.map((line) => JSON.parse(line) as Channel).find((channel) => channel.id === id)?.state).toBe('ended');
    expect((await done(['channel', 'delete', id, '--yes'])).code).toBe(1);
    const token = await room.server.token({ admin: true });
    expect((await done(['channel', 'delete', id, '--yes', '--token', token])).code).toBe(0);
    expect((await done(['channel', 'list'])).out).not.toContain(id);
  });

  it('prints the channel as someone else changed it', async () => {
    const { channelId } = room;
    const change = { kind: 'update' as const, note: 'They have landed.' };
    await room.author.updateChannel(channelId, '*', { headline: 'On the Moon', change });
    const late = ['channel', 'update', channelId, '--headline', 'Near the Moon', '--change', 'refile', '--revision', '1'];
    const { code, out, err } = await done(late);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('Someone else changed it first.');
    expect(err).toContain('On the Moon');
    expect(err).toContain('It is now at revision 2. If your change still applies, repeat the command with --revision 2.');
    expect(err).not.toContain('`current`');
    expect(JSON.parse((await done([...late, '--json'])).err)).toMatchObject({ code: 'revision-moved', current: { revision: 2 } });
  });
});

describe('pressbox --version', () => {
  it('is the version of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(await done(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('pressbox --help', () => {
  it('has examples for every command', async () => {
    const commands = ['serve', 'token', 'token revoke', 'follow', 'post', 'correct', 'retract', 'takedown', 'pin'];
    const channel = ['create', 'list', 'update', 'end', 'delete'].map((name) => ['channel', name]);
    for (const argv of [[], ...commands.map((name) => name.split(' ')), ...channel]) {
      const { code, out } = await done([...argv, '--help']);
      expect([argv.join(' '), code, out]).toEqual([argv.join(' '), 0, expect.stringContaining('$ pressbox ')]);
    }
  });
});
