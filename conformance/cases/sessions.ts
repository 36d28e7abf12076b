import { type Case, mustEqual } from '../case.ts';

/** Sessions, which a token is exchanged for. */
export const sessionCases: readonly Case[] = [
  {
    name: 'sessions/exchange',
    rule: 'A token is exchanged for a session in a cookie, which speaks for the same person.',
    async run(work) {
      const own = (await work.mustAnswer(200, '/v1/session')).body.session;
      const cookie = await work.signIn();
      const { sub, rights } = (await work.mustAnswer(200, '/v1/session', { token: null, headers: { cookie } })).body.session;
      mustEqual([sub, rights], [own.sub, own.rights], 'Whom the session speaks for');
    },
  },
  {
    name: 'sessions/signed-out',
    rule: 'A session that was signed out is good no longer, whoever sends its cookie; another one of the same token is.',
    async run(work) {
      const [cookie, other] = [await work.signIn(), await work.signIn()];
      await work.mustAnswer(204, '/v1/session', { method: 'DELETE', token: null, headers: { cookie } });
      const told = async (sent: string) =>
        (await work.mustAnswer(200, '/v1/session', { token: null, headers: { cookie: sent } })).body.session;
      mustEqual(await told(cookie), null, 'Who the session that was signed out speaks for');
      mustEqual((await told(other)) === null, false, 'That the other session speaks for nobody');
    },
  },
];
