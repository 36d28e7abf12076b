import { expect, it } from 'vitest';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { call, startTestServer } from '../../support/servers/server.ts';

it('`/.well-known/security.txt` names the configured contact, an expiry date and its own URL', async () => {
  const now = Date.parse('2026-11-29T12:00:00Z');
  const env = { PRESSBOX_SECURITY_CONTACT: 'security@example.org', PRESSBOX_PUBLIC_URL: 'https://live.example.org' };
  await using server = await startTestServer(env, { now: () => now });
  const { status, headers, text } = await call(`${server.url}/.well-known/security.txt`);
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(text.split('\n')).toEqual([
    'Contact: mailto:security@example.org',
    `Expires: ${new Date(now + responseLimits.securityTxtDays * 86_400_000).toISOString()}`,
    'Canonical: https://live.example.org/.well-known/security.txt',
    '',
  ]);
});

it('`/.well-known/security.txt` is not found if no contact is configured', async () => {
  await using server = await startTestServer();
  const { status, body } = await call(`${server.url}/.well-known/security.txt`);
  expect([status, body]).toMatchObject([404, { code: 'not-found' }]);
});
