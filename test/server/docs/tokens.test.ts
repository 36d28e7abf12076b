import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { call, secretOf, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openShell } from '../../support/servers/shell.ts';
import { signInBy } from '../../support/servers/sign-in-links.ts';

const root = join(import.meta.dirname, '../../..');
const page = await readFile(join(root, 'docs/guides/tokens.md'), 'utf8');
const commands = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines]) => lines ?? '');

describeWith(needs.curl, 'docs/guides/tokens.md', () => {
  let server: TestServer;
  let printed: string[];
  let token: string;
  beforeAll(async () => {
    server = await startTestServer();
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-docs-'));
    // Stands in for `npx`.
    await mkdir(join(folder, 'bin'));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${join(root, 'bin/pressbox.mjs')}' "$@"\n`;
    await writeFile(join(folder, 'bin/npx'), npx, { mode: 0o755 });
    const env = {
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      PRESSBOX_URL: server.url,
      PRESSBOX_JWT_SECRET: secretOf(server),
    };
    await using shell = openShell(folder, { ...env, HOME: folder });
    // In order, in one shell.
    const lines = commands.join('').trim().split('\n');
    const script = [...lines.flatMap((line) => [line, "printf '\\n---\\n'"]), 'printf %s "$PRESSBOX_TOKEN"'].join('\n');
    printed = (await shell.run(script.replaceAll('http://127.0.0.1:4000', server.url))).split(/\n?\n---\n/);
    token = printed.at(-1) ?? '';
    await rm(folder, { recursive: true, force: true });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('creates a token with the requested rights', () => {
    expect(printed[0]).toBe('');
    expect(printed[1]).toContain('rights     {"editor":["moon-*"]}');
  });

  it('exchanges the token for a session, shows who is signed in, and signs out', () => {
    const session = { sub: 'Ruth Calder', name: 'Ruth Calder', rights: { editor: ['moon-*'] } };
    expect(JSON.parse(printed[2] ?? '')).toMatchObject({ session });
    expect(JSON.parse(printed[3] ?? '')).toMatchObject({ session });
    expect(printed[4]).toBe('');
  });

  it('prints a link that signs in its person', async () => {
    const [, code = ''] = /^https:\/\/live\.example\.org\/desk\/sign-in#(\S+)$/.exec(printed[5] ?? '') ?? [];
    expect((await signInBy(code, server)).body).toMatchObject({
      session: { sub: 'Ruth Calder', rights: { editor: ['moon-*'] } },
    });
  });

  it('revokes the token', async () => {
    expect(printed[6]).toMatch(/^Revoked \S+\. Its sessions end within 5 seconds on every server\.$/);
    expect((await call(`${server.url}/v1/channels`, { token })).body).toMatchObject({ detail: 'The token was revoked.' });
  });
});
