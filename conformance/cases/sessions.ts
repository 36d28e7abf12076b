import { type Case, mustEqual } from '../case.ts';
import type { Workplace } from '../workplace.ts';

/** Sessions, which a token is exchanged for. */
export const sessionCases: readonly Case[] = [
  {
    name: 'sessions/exchange',
    rule: 'A token is exchanged for a session in a cookie, which speaks for the same person.',
    async run(work) {
      const own = (await work.mustAnswer(200, '/v1/session')).body.session;
      const cookie = await signIn(work);
      const { sub, rights } = (await work.mustAnswer(200, '/v1/session', { token: null, headers: { cookie } })).body.session;
      mustEqual([sub, rights], [own.sub, own.rights], 'Whom the session speaks for');
    },
  },
  {
    name: 'sessions/signed-out',
    rule: 'A session that was signed out is good no longer, whoever sends its cookie; another one of the same token is.',
    async run(work) {
      const [cookie, other] = [await signIn(work), await signIn(work)];
      await work.mustAnswer(204, '/v1/session', { method: 'DELETE', token: null, headers: { cookie } });
      const told = async (sent: string) =>
        (await work.mustAnswer(200, '/v1/session', { token: null, headers: { cookie: sent } })).body.session;
      mustEqual(await told(cookie), null, 'Who the session that was signed out speaks for');
      mustEqual((await told(other)) === null, false, 'That the other session speaks for nobody');
    },
  },
];

async function signIn(work: Workplace): Promise<string> {
  const { headers } = await work.mustAnswer(200, '/v1/session', { method: 'POST' });
  return headers.getSetCookie()[0]?.split(';')[0] ?? '';
}
