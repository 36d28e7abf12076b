import { mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';

/** Sessions of browsers. */
export const sessionCases: readonly Case[] = [
  {
    name: 'sessions/exchange',
    rule: 'A token can be exchanged for a session in a cookie that identifies the same person.',
    async run(context) {
      const own = (await context.mustAnswer(200, '/v1/session')).body.session;
      const cookie = await context.signIn();
      const { sub, ownerKey, rights } = (await context.mustAnswer(200, '/v1/session', { token: null, headers: { cookie } })).body
        .session;
      mustEqual([sub, ownerKey, rights], [own.sub, own.ownerKey, own.rights], 'Whom the session stands for');
      mustEqual(typeof ownerKey, 'string', 'The type of the owner key');
    },
  },
  {
    name: 'sessions/owner-key',
    rule: 'A request that names the owner key of another person is 412 owner-mismatch and changes nothing. With the own key it is accepted, and without a token it is 401.',
    async run(context) {
      const { path } = await context.channel();
      const { ownerKey } = (await context.mustAnswer(200, '/v1/session')).body.session;
      const write = (headers: Record<string, string>) => ({ method: 'POST', headers, body: { body: 'Mine.' } }) as const;
      const before = await context.journal(path);
      await context.mustRefuse(412, 'owner-mismatch', `${path}/posts`, write({ 'pressbox-owner-key': `${ownerKey}x` }));
      await context.mustRefuse(401, 'token-missing', `${path}/posts`, {
        ...write({ 'pressbox-owner-key': ownerKey }),
        token: null,
      });
      mustEqual((await context.journal(path)).length, before.length, 'The number of entries');
      await context.mustAnswer(201, `${path}/posts`, write({ 'pressbox-owner-key': ownerKey }));
    },
  },
  {
    name: 'sessions/owner-cookie',
    rule: 'A session comes with a cookie that scripts can read and that has the owner key of the session. Both are deleted when the session ends.',
    async run(context) {
      const { body, headers } = await context.mustAnswer(200, '/v1/session', { method: 'POST' });
      const [session = '', owner = ''] = headers.getSetCookie();
      const [cookie = ''] = session.split(';');
      const [name = ''] = cookie.split('=');
      const ownerName = name.replace('pressbox', 'pressbox-owner');
      mustEqual(owner.split(';')[0], `${ownerName}=${body.session.ownerKey}`, 'The cookie with the owner key');
      mustEqual(/HttpOnly/i.test(owner), false, 'Whether it is hidden from scripts');
      const ended = await context.mustAnswer(204, '/v1/session', { method: 'DELETE', token: null, headers: { cookie } });
      const deleted = ended.headers.getSetCookie().map((line) => `${line.split('=')[0]} ${/Max-Age=0/.test(line)}`);
      mustEqual(deleted, [`${name} true`, `${ownerName} true`], 'The cookies that are deleted');
    },
  },
  {
    name: 'sessions/signed-out',
    rule: 'A session that was signed out is no longer valid for any holder of its cookie. Another session of the same token stays valid.',
    async run(context) {
      const [cookie, other] = [await context.signIn(), await context.signIn()];
      await context.mustAnswer(204, '/v1/session', { method: 'DELETE', token: null, headers: { cookie } });
      const told = async (sent: string) =>
        (await context.mustAnswer(200, '/v1/session', { token: null, headers: { cookie: sent } })).body.session;
      mustEqual(await told(cookie), null, 'Whom the signed-out session stands for');
      mustEqual((await told(other)) === null, false, 'Whether the other session stands for nobody');
    },
  },
  {
    name: 'sessions/link',
    rule: 'The code of a sign-in link is refused as a token, which does not use it up. It opens one session, and a second use is 401 link-used.',
    link: true,
    async run(context) {
      const code = context.linkCode ?? '';
      await context.mustRefuse(401, 'token-invalid', '/v1/session', { token: code });
      await context.mustRefuse(401, 'token-invalid', '/v1/channels', { token: code });
      const { body, headers } = await context.mustAnswer(200, '/v1/session', { method: 'POST', token: code });
      const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const { session } = (await context.mustAnswer(200, '/v1/session', { token: null, headers: { cookie } })).body;
      mustEqual(session?.ownerKey, body.session.ownerKey, 'Whom the session stands for');
      const again = await context.mustRefuse(401, 'link-used', '/v1/session', { method: 'POST', token: code });
      mustEqual(again.headers.getSetCookie(), [], 'The cookies of the refusal');
    },
  },
];
