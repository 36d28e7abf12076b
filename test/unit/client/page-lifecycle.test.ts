import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onPageLifecycle } from '../../../client/lib/page-lifecycle.ts';

/** Simulates the page and network events of a browser. */
let page: EventTarget;
let document: EventTarget & { visibilityState?: string };
let connection: EventTarget & { type?: string };
let calls: string[];
let stop: () => void;

beforeEach(() => {
  page = new EventTarget();
  document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  connection = Object.assign(new EventTarget(), { type: 'wifi' });
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  vi.stubGlobal('document', document);
  vi.stubGlobal('navigator', { connection });
  calls = [];
  stop = onPageLifecycle({
    wake: (network) => void calls.push(network ? 'wakes on a network' : 'wakes'),
    hide: () => void calls.push('is hidden'),
    leave: () => void calls.push('is left'),
  });
});
afterEach(() => {
  stop();
  vi.unstubAllGlobals();
});

const show = (persisted: boolean) => page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted }));
function turn(visibilityState: string): void {
  document.visibilityState = visibilityState;
  document.dispatchEvent(new Event('visibilitychange'));
}

it('the page lifecycle wakes a reader whose page returns from the back/forward cache, but not one whose page was just loaded', () => {
  show(false);
  expect(calls).toEqual([]);
  show(true);
  expect(calls).toEqual(['wakes']);
});

it('the page lifecycle wakes a reader whose page becomes visible, and saves its state when the page may be closed', () => {
  turn('hidden');
  turn('visible');
  page.dispatchEvent(new Event('pagehide'));
  expect(calls).toEqual(['is hidden', 'wakes', 'is hidden', 'is left']);
});

it('the page lifecycle reports another network, but not a slower one', () => {
  page.dispatchEvent(new Event('online'));
  connection.dispatchEvent(new Event('change'));
  expect(calls).toEqual(['wakes on a network']);
  connection.type = 'cellular';
  for (let estimates = 0; estimates < 3; estimates += 1) connection.dispatchEvent(new Event('change'));
  expect(calls).toEqual(['wakes on a network', 'wakes on a network']);
});

it('the page lifecycle removes all its listeners', () => {
  stop();
  for (const name of ['online', 'pagehide']) page.dispatchEvent(new Event(name));
  show(true);
  turn('hidden');
  expect(calls).toEqual([]);
});
