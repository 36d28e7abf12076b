import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import type { Engine } from '../../../src/journal/engine.ts';
import { channel } from '../../../src/journal/sqlite/reads.ts';
import { call, startTestServer } from '../../support/servers/server.ts';

/** Response times must not reveal a desk channel: a hidden channel and a missing one take the same steps. */
const paths = [
  '',
  '/snapshot',
  '/events',
  '/posts',
  '/corrections',
  '/journal',
  '/export',
  '/feed.atom',
  '/feed.json',
  '/corrections.atom',
];

it('a desk channel gets the same bytes and the same journal reads as a missing channel, on every route', async () => {
  await using server = await startTestServer();
  const token = await server.token({ editor: ['*'] });
  const body = { id: 'hidden', headline: 'For the desk', access: 'desk', state: 'live' };
  await call(`${server.url}/v1/channels`, { method: 'POST', token, body });
  await call(`${server.url}/v1/channels/hidden/posts`, { method: 'POST', token, body: { headline: 'Secret' } });
  const strangers = [undefined, await server.token({ author: ['other'] }, { sub: 'eve' })];
  const asked = watch(server.server.engine);
  const steps = async (id: string) => {
    const seen: unknown[] = [];
    const questions = [
      ...paths.map((path) => ({ method: 'GET', path: `/v1/channels/${id}${path}` })),
      ...['/live', '/embed'].map((path) => ({ method: 'GET', path: `${path}/${id}` })),
      ...[`/live/${id}/corrections`, `/embed/${id}/fragment`].map((path) => ({ method: 'GET', path })),
      { method: 'POST', path: `/v1/channels/${id}/posts`, body: { headline: 'A' } },
    ];
    for (const by of strangers) {
      for (const { path, ...question } of questions) {
        asked.length = 0;
        const { status, text } = await call(server.url + path, { ...question, ...(by && { token: by }) });
        seen.push([question.method, path.replace(id, '{id}'), status, text, asked.map((one) => one.replaceAll(id, '{id}'))]);
      }
    }
    return seen;
  };
  const [hidden, missing] = [await steps('hidden'), await steps('nobody')];
  expect(hidden).toEqual(missing);
  // The journal was read, and never with permission to see desk channels.
  expect(JSON.stringify(hidden)).toContain('channel({id},false)');
  expect(JSON.stringify(hidden)).not.toContain('channel({id},true)');
});

it('the embedded journal reads the same for a desk channel as for a missing one', async () => {
  await using server = await startTestServer({ PRESSBOX_REDIS_URL: '' });
  const token = await server.token({ editor: ['*'] });
  for (const access of ['desk', 'public']) {
    await call(`${server.url}/v1/channels`, { method: 'POST', token, body: { id: access, headline: access, access } });
  }
  const db = new DatabaseSync(join(server.dataDir, 'journal.db'), { readOnly: true });
  onTestFinished(() => db.close());
  const statementsOf = (id: string) => {
    const read: string[] = [];
    const sql = (text: string) => {
      read.push(text);
      return db.prepare(text);
    };
    return [channel(sql, id, false).status, read] as const;
  };
  expect(statementsOf('desk')).toEqual(statementsOf('nobody'));
  expect(statementsOf('public')[0]).toBe('found');
});

/** Records the calls to the engine from now on, as `method(id,...)`. */
function watch(engine: Engine): string[] {
  const asked: string[] = [];
  for (const name of [
    'channel',
    'snapshot',
    'posts',
    'post',
    'catchUp',
    'corrections',
    'journal',
    'entries',
    'recall',
  ] as const) {
    const real = (engine[name] as (...given: unknown[]) => unknown).bind(engine);
    Object.assign(engine, {
      [name]: (...given: unknown[]) => {
        asked.push(`${name}(${given.filter((one) => typeof one !== 'object').join(',')})`);
        return real(...given);
      },
    });
  }
  return asked;
}
