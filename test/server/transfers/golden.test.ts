import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { golden, holds, verify } from '../../support/stores/before-chained-erasures.ts';

it('an export from before chained erasures is imported with the same checks, and verify names what it cannot know', async () => {
  await using server = await startTestServer();
  expect(await sendTo(server, golden)).toMatchObject({ status: 200, body: { revisions: 12, sameHistory: true } });
  expect(await exportOf(server, 'golden')).toBe(golden);
  // Channels had no picture then.
  expect((await call(`${server.url}/v1/channels/golden`)).body).toMatchObject({ picture: null });
  for (const where of [[], ['golden']])
    expect(await verify(server, ...where)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(holds) });
});

it('an export without its erasure facts fails verification', async () => {
  await using server = await startTestServer();
  const file = join(server.dataDir, 'changed.ndjson');
  const verifyChanged = async (changed: string) => {
    await writeFile(file, changed);
    return await verify(server, '--file', file);
  };
  expect(await verifyChanged(golden)).toMatchObject({ code: 0, out: expect.stringMatching(holds) });
  const untold = await verifyChanged(golden.replace('"erases":2,', ''));
  expect(untold).toMatchObject({ code: 1, out: expect.stringMatching(/NO {2}golden {2}offset 2, .*the text is missing/) });
  const chained = await verifyChanged(golden.replace('"erases":2,', '"erases":2,"chained":true,'));
  expect(chained).toMatchObject({ code: 1, out: expect.stringMatching(/offset 7, .*the entry was changed/) });
});
