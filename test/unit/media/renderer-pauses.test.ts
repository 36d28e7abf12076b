import { expect, it } from 'vitest';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { restartPause } from '../../../src/media/renderer.ts';

it('the decoder is started again after rendererRestartFirstMs, then twice as long after each crash, up to rendererRestartMostMs', () => {
  const { rendererRestartFirstMs: firstMs, rendererRestartMostMs: mostMs } = mediaLimits;
  expect([1, 2, 3, 100].map(restartPause)).toEqual([firstMs, 2 * firstMs, 4 * firstMs, mostMs]);
});
