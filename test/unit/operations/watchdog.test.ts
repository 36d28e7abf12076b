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

it('the watchdog gives up a process once it gave no sign for too many steps, does so only once, and gives up no other process', () => {
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

it('the watchdog keeps a process that was blocked for that long and then gives signs again', () => {
  const { watchdog, steps, silent } = watching();
  watchdog.watch('busy');
  for (let round = 0; round < 10; round += 1) {
    steps(most);
    watchdog.signalled('busy');
  }
  expect(silent).toEqual([]);
});

it('the watchdog does not watch a process again that ended or was given up, if its last sign arrives late', () => {
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
