import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { brandLike } from '../../support/samples/brand-folder.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { patient } from '../../support/servers/two-workers.ts';
import { startRedis } from '../../support/stores/redis.ts';

describeWith(needs.redis, 'a brand on two workers', (binary) => {
  it('is taken over when the workers are renewed, and a brand with mistakes leaves the old workers serving', async () => {
    const folder = await brandLike('signal-north');
    const redis = await startRedis(binary);
    onTestFinished(() => redis.stop());
    const lines: string[] = [];
    await using server = await startServerProcess({
      env: { PRESSBOX_REDIS_URL: redis.url, PRESSBOX_WORKERS: '2', PRESSBOX_BRAND_DIR: folder },
      onLine: (line) => lines.push(line),
    });
    /** The name of the paper on ten answers. Each has its own connection, so that both workers get some. */
    const names = async () => {
      const found = new Set<string>();
      for (let round = 0; round < 10; round += 1) {
        const answer = await fetch(server.url, { headers: { accept: 'text/html', connection: 'close' } });
        found.add(/<bdi class="name">([^<]*)<\/bdi><\/a>/.exec(await answer.text())?.[1] ?? '');
      }
      return [...found];
    };
    const renew = async (until: string) => {
      const since = lines.length;
      process.kill(server.pid, 'SIGUSR2');
      await vi.waitFor(() => expect(lines.slice(since).join('\n')).toContain(until), patient);
      return lines.slice(since).join('\n');
    };
    expect(await names()).toEqual(['Signal North']);

    await writeFile(join(folder, 'brand.json'), '{"name": "Signal South"}');
    await renew('workers are renewed');
    expect(await names()).toEqual(['Signal South']);

    await writeFile(join(folder, 'brand.json'), '{"name": "Signal West"}');
    await writeFile(join(folder, 'brand.css'), 'body { color: red }');
    const said = await renew('workers were not renewed: the old ones keep serving');
    expect(said).toContain('brand.css, line 1');
    expect(await names()).toEqual(['Signal South']);
  });
});
