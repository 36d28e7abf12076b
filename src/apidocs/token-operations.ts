import { signOutFormSchema } from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query } from './operation.ts';

/** Who is known to the server, and for how long. */

export const tokenOperations: readonly Operation[] = [
  {
    id: 'revokeToken',
    group: 'Tokens',
    method: 'post',
    path: '/v1/tokens/revoked',
    summary: 'Revoke a token',
    description:
      'Every server refuses the token from now on, and within 5 seconds has ended the sockets and streams that it opened, and exports and imports that are under way. Sent again it is the same revocation.',
    who: 'admin',
    body: { schema: 'Revocation' },
    answers: [{ status: 200, description: 'It is on disk.', schema: 'RevocationAnswer' }],
    problems: ['revocations-full'],
  },
  {
    id: 'getSession',
    group: 'Tokens',
    method: 'get',
    path: '/v1/session',
    summary: 'Tell who is signed in',
    description:
      'By the session of the browser, or by the token that is sent. `session` is null for a stranger. With an idle limit for sessions the answer renews the cookie, so a page with an open socket or stream asks this now and then.',
    who: 'anyone',
    answers: [{ status: 200, description: 'Who asks.', schema: 'SessionAnswer' }],
  },
  {
    id: 'startSession',
    group: 'Tokens',
    method: 'post',
    path: '/v1/session',
    summary: 'Exchange a token for a session',
    description: `For a page of this server: its sockets, streams and reads then need no token. The session ends with its token, and after ${limitInWords('sessionHours')} at the latest. It counts for nothing in a request that a page of another origin makes.`,
    who: 'token',
    answers: [{ status: 200, description: 'It is in the cookie.', schema: 'SessionAnswer', headers: ['Set-Cookie'] }],
    problems: ['too-large'],
  },
  {
    id: 'endSession',
    group: 'Tokens',
    method: 'delete',
    path: '/v1/session',
    summary: 'Sign out',
    description:
      'Every server refuses the session from then on, whoever sends its cookie, and within 5 seconds has ended the sockets and streams that it opened. The token stays good.',
    who: 'anyone',
    answers: [{ status: 204, description: 'The session has ended, and the cookie is taken away.', headers: ['Set-Cookie'] }],
    problems: ['forbidden'],
  },
  {
    id: 'showSignIn',
    group: 'Pages',
    method: 'get',
    path: '/sign-in',
    summary: 'The page to sign in on',
    who: 'anyone',
    query: query(signOutFormSchema, { to: 'The path of the page to which it leads back.' }),
    answers: [{ status: 200, description: 'The page.', type: 'text/html' }],
  },
  {
    id: 'signIn',
    group: 'Pages',
    method: 'post',
    path: '/sign-in',
    summary: 'Sign in by a form',
    description: 'From a page of this server, or of an origin that `PRESSBOX_ORIGINS` names.',
    who: 'anyone',
    takes: ['Origin'],
    body: { schema: 'SignInForm', types: ['application/x-www-form-urlencoded'] },
    answers: [{ status: 303, description: 'To the page, signed in.', headers: ['Location', 'Set-Cookie'] }],
    problems: ['token-invalid', 'forbidden'],
  },
  {
    id: 'signOut',
    group: 'Pages',
    method: 'post',
    path: '/sign-out',
    summary: 'Sign out by a form',
    description: 'From a page of this server. Ends the session like `DELETE /v1/session`.',
    who: 'anyone',
    takes: ['Origin'],
    body: { schema: 'SignOutForm', types: ['application/x-www-form-urlencoded'] },
    answers: [{ status: 303, description: 'To the page, signed out.', headers: ['Location', 'Set-Cookie'] }],
    problems: ['forbidden'],
  },
];
