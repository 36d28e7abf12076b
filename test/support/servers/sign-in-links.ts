import { type LinkContent, signLinkCode } from '../../../src/access/sign-in-links.ts';
import { call, type TestServer } from './server.ts';

let links = 0;

/** The code of a sign-in link for this server. */
export async function linkCodeFor({ server }: Pick<TestServer, 'server'>, changed: Partial<LinkContent> = {}): Promise<string> {
  links += 1;
  return signLinkCode(server.secret as Uint8Array, {
    ...{ sub: 'ruth', name: 'Ruth Calder', grants: { editor: ['moon-*'] }, now: Date.now(), jti: `link-${links}` },
    ...{ usableSeconds: 900, sessionSeconds: 12 * 3_600 },
    ...changed,
  });
}

/** Presses the button of the link: the answer, and the cookie of the session if one was opened. */
export async function signInBy(code: string, { url }: Pick<TestServer, 'url'>, headers: Record<string, string> = {}) {
  const answer = await call(`${url}/v1/session`, { method: 'POST', token: code, headers });
  const [cookie = ''] = answer.headers.getSetCookie()[0]?.split(';') ?? [];
  return { ...answer, cookie };
}
