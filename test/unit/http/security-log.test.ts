import { expect, it, vi } from 'vitest';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { createSecurityLog } from '../../../src/http/security-log.ts';

const { securityRepeatMs, securityLines } = responseLimits;

function opened() {
  const clock = { ms: 0 };
  const lines: (number | undefined)[] = [];
  const leftOut = vi.fn();
  const security = createSecurityLog({
    log: { info: (facts) => void lines.push((facts as { timesBefore?: number }).timesBefore) },
    now: () => clock.ms,
    onLeftOut: leftOut,
  });
  const refuse = (address = '192.0.2.1') => security.refused({ code: 'forbidden' }, { address });
  return { security, refuse, clock, lines, leftOut };
}

it('logs equal events again once securityRepeatMs has passed, with their number in the interval before', () => {
  const { refuse, clock, lines } = opened();
  refuse();
  clock.ms = securityRepeatMs - 1;
  refuse();
  expect(lines).toEqual([undefined]);
  clock.ms = securityRepeatMs;
  refuse();
  expect(lines).toEqual([undefined, 2]);
});

it.each([
  ['counts', 2 * securityRepeatMs - 1, 1],
  ['forgets', 2 * securityRepeatMs, undefined],
])('%s the events of an interval that ended %i ms after it began', (_what, ms, timesBefore) => {
  const { refuse, clock, lines } = opened();
  refuse();
  clock.ms = ms;
  refuse();
  expect(lines).toEqual([undefined, timesBefore]);
});

it('logs securityLines different refusals in an interval, then counts those that it leaves out, and still logs actions', () => {
  const { security, refuse, clock, lines, leftOut } = opened();
  for (let nth = 0; nth < securityLines; nth += 1) refuse(`10.0.${nth >> 8}.${nth & 255}`);
  expect(lines).toHaveLength(securityLines);
  expect(leftOut).not.toHaveBeenCalled();
  refuse('192.0.2.1');
  refuse('10.0.0.0');
  expect(lines).toHaveLength(securityLines);
  expect(leftOut).toHaveBeenCalledOnce();
  security.note('erasure', { address: '192.0.2.1' });
  expect(lines.length).toBe(securityLines + 1);
  clock.ms = securityRepeatMs;
  refuse('192.0.2.1');
  expect(lines.length).toBe(securityLines + 2);
});
