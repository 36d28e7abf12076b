import { signOutFormSchema } from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query } from './operation.ts';

/** The routes of tokens and sessions. */

export const tokenOperations: readonly Operation[] = [
  {
    id: 'revokeToken',
    group: 'Tokens',
    method: 'post',
    path: '/v1/tokens/revoked',
    summary: 'Revoke a token',
    description:
      'Every server refuses the token from now on. Within 5 seconds the sockets and streams that it opened, and its exports and imports in progress, have ended. Sending the request again has no further effect.',
    who: 'admin',
    body: { schema: 'Revocation' },
    answers: [{ status: 200, description: 'The revocation is on disk.', schema: 'RevocationAnswer' }],
    problems: ['revocations-full'],
  },
  {
    id: 'getSession',
    group: 'Tokens',
    method: 'get',
    path: '/v1/session',
    summary: 'Get the signed-in user',
    description:
      'From the session of the browser, or from the token of the request. `session` is null if nobody is signed in. With an idle limit for sessions, the answer renews the cookie. A page with an open socket or stream therefore requests this every quarter of `idleSeconds`.',
    who: 'anyone',
    answers: [{ status: 200, description: 'The signed-in user.', schema: 'SessionAnswer' }],
  },
  {
    id: 'startSession',
    group: 'Tokens',
    method: 'post',
    path: '/v1/session',
    summary: 'Exchange a token or the code of a sign-in link for a session',
    description: `For pages of this server. Their sockets, streams and reads then need no token. The session ends with its token, and after ${limitInWords('sessionHours')} at the latest. Requests of pages of other origins cannot use it. In place of a token, the request can have the code of a sign-in link, which is the fragment of the address that \`pressbox token --link\` prints. A code opens one session, on whichever server it is used first. If the outcome is \`unknown\`, the code may be used: if a retry is refused with \`link-used\`, ask for a new link.`,
    who: 'token',
    answers: [{ status: 200, description: 'The session is in the cookie.', schema: 'SessionAnswer', headers: ['Set-Cookie'] }],
    problems: ['link-used', 'revocations-full', 'too-large'],
  },
  {
    id: 'endSession',
    group: 'Tokens',
    method: 'delete',
    path: '/v1/session',
    summary: 'Sign out',
    description:
      'Every server refuses the session from then on, even if someone copied its cookie. Within 5 seconds the sockets and streams that it opened have ended. The token stays valid.',
    who: 'anyone',
    answers: [{ status: 204, description: 'The session has ended, and the cookie is deleted.', headers: ['Set-Cookie'] }],
    problems: ['forbidden'],
  },
  {
    id: 'showSignIn',
    group: 'Pages',
    method: 'get',
    path: '/sign-in',
    summary: 'The sign-in page',
    who: 'anyone',
    query: query(signOutFormSchema, { to: 'The path of the page to return to.' }),
    answers: [{ status: 200, description: 'The page.', type: 'text/html' }],
  },
  {
    id: 'signIn',
    group: 'Pages',
    method: 'post',
    path: '/sign-in',
    summary: 'Sign in with a form',
    description: 'From a page of this server, or of an origin in `PRESSBOX_ORIGINS`.',
    who: 'anyone',
    optionalHeaders: ['Origin'],
    body: { schema: 'SignInForm', types: ['application/x-www-form-urlencoded'] },
    answers: [{ status: 303, description: 'Redirects to the page, signed in.', headers: ['Location', 'Set-Cookie'] }],
    problems: ['token-invalid', 'forbidden'],
  },
  {
    id: 'signOut',
    group: 'Pages',
    method: 'post',
    path: '/sign-out',
    summary: 'Sign out with a form',
    description: 'From a page of this server. Ends the session like `DELETE /v1/session`.',
    who: 'anyone',
    optionalHeaders: ['Origin'],
    body: { schema: 'SignOutForm', types: ['application/x-www-form-urlencoded'] },
    answers: [{ status: 303, description: 'Redirects to the page, signed out.', headers: ['Location', 'Set-Cookie'] }],
    problems: ['forbidden'],
  },
];
