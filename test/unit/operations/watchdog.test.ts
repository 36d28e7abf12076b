import { expect, it } from 'vitest';
import { Watchdog } from '../../../src/workers/watchdog.ts';

const most = 3;

function watching() {
  const silent: string[] = [];
  const watchdog = new Watchdog<string>(most, (one) => silent.push(one));
  const steps = (times: number) => {
    for (let at = 0; at < times; at += 1) watchdog.step();
  };
  return { watchdog, steps, silent };
}

it('gives up who gave no sign in more steps than the most, once, and nobody else', () => {
  const { watchdog, steps, silent } = watching();
  watchdog.watch('hangs');
  watchdog.watch('lives');
  for (let round = 0; round < most; round += 1) {
    watchdog.signalled('lives');
    steps(1);
  }
  expect(silent).toEqual([]);
  watchdog.signalled('lives');
  steps(1);
  expect(silent).toEqual(['hangs']);
  for (let round = 0; round < 5 * most; round += 1) {
    watchdog.signalled('lives');
    steps(1);
  }
  expect(silent).toEqual(['hangs']);
});

it('lets live who was held up for as long as that, and gives signs again', () => {
  const { watchdog, steps, silent } = watching();
  watchdog.watch('busy');
  for (let round = 0; round < 10; round += 1) {
    steps(most);
    watchdog.signalled('busy');
  }
  expect(silent).toEqual([]);
});

it('does not begin again with who has ended, whose last sign may come late, or was given up', () => {
  const { watchdog, steps, silent } = watching();
  watchdog.watch('ended');
  watchdog.forget('ended');
  watchdog.signalled('ended');
  watchdog.watch('hung');
  steps(most + 1);
  watchdog.signalled('hung');
  steps(5 * most);
  expect(silent).toEqual(['hung']);
});
