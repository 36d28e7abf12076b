import { expect, it } from 'vitest';
import { redisLimits } from '../../../src/journal/redis/redis-limits.ts';
import { DamagedChannels } from '../../../src/journal/redis/repair/damaged-channels.ts';

const { damagedMs, damagedChannels, damageRememberedMs } = redisLimits;

function opened() {
  const clock = { ms: 0 };
  const logged: unknown[] = [];
  const log = { info() {}, warn() {}, error: (facts: object) => void logged.push((facts as { channel: string }).channel) };
  return { damaged: new DamagedChannels(log, () => clock.ms), clock, logged };
}

it('a channel counts as damaged for damagedMs after it was last found damaged', () => {
  const { damaged, clock } = opened();
  damaged.found('moon');
  clock.ms = 1_000;
  damaged.found('moon');
  clock.ms = 1_000 + damagedMs - 1;
  expect(damaged.count).toBe(1);
  clock.ms += 1;
  expect(damaged.count).toBe(0);
});

it('a damaged channel is logged again damagedMs after it was logged', () => {
  const { damaged, clock, logged } = opened();
  for (const ms of [0, damagedMs - 1, damagedMs]) {
    clock.ms = ms;
    damaged.found('moon');
  }
  expect(logged).toEqual(['moon', 'moon']);
});

it('damagedChannels channels count as damaged at once, and the first is forgotten beyond', () => {
  const { damaged, logged } = opened();
  for (let nth = 0; nth <= damagedChannels; nth += 1) damaged.found(`channel-${nth}`);
  expect(damaged.count).toBe(damagedChannels);
  damaged.found('channel-1');
  damaged.found('channel-0');
  expect(logged.slice(-2)).toEqual([`channel-${damagedChannels}`, 'channel-0']);
});

it('a read that found damage is refused for damageRememberedMs, and damagedChannels such reads at once', () => {
  const { damaged, clock } = opened();
  damaged.remember('read');
  clock.ms = damageRememberedMs - 1;
  expect(damaged.remembers('read')).toBe(true);
  clock.ms = damageRememberedMs;
  expect(damaged.remembers('read')).toBe(false);
  for (let nth = 0; nth <= damagedChannels; nth += 1) damaged.remember(`read ${nth}`);
  expect([0, 1, damagedChannels].map((nth) => damaged.remembers(`read ${nth}`))).toEqual([false, true, true]);
});
