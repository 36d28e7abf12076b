import { expect, it } from 'vitest';
import { watchProcessPauses } from '../../../src/http/process-pauses.ts';

const clockWith = (standstillMs: number, standstillsKept = 10) => {
  let at = 0;
  const pauses = watchProcessPauses({ standstillMs, standstillsKept }, () => at);
  return {
    /** Runs for a number of steps of a tenth of a second. */
    run(ms: number) {
      for (let left = ms; left > 0; left -= 100) {
        at += 100;
        pauses.extensionOf(1_000);
      }
      return pauses.extensionOf(1_000);
    },
    stand(ms: number) {
      at += ms;
      return pauses.extensionOf(1_000);
    },
  };
};

it('a deadline is extended by the time for which the process stood still', () => {
  const clock = clockWith(500);
  expect(clock.run(3_000)).toBe(0);
  expect(clock.stand(30_000)).toBe(30_000);
});

it('a deadline that starts after a pause is not extended once all deadlines from before the pause have passed', () => {
  const clock = clockWith(500);
  clock.stand(30_000);
  expect(clock.run(1_000)).toBe(30_000);
  expect(clock.run(100)).toBe(0);
});

it('two pauses extend a deadline that started before both by their sum', () => {
  const clock = clockWith(500);
  clock.stand(5_000);
  clock.run(900);
  expect(clock.stand(7_000)).toBe(12_000);
  // 900 ms have passed between the two pauses, so 100 ms are left.
  expect(clock.run(100)).toBe(12_000);
  expect(clock.run(1_000)).toBe(0);
});

it('the latest pauses alone extend a deadline if there were more than are kept', () => {
  const clock = clockWith(500, 2);
  clock.stand(5_000);
  clock.stand(6_000);
  expect(clock.stand(7_000)).toBe(13_000);
});

it('a short pause, such as a garbage collection, extends nothing', () => {
  expect(clockWith(500).stand(500)).toBe(0);
});
