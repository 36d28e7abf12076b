import { expect, it } from 'vitest';
import { type Share, Shares } from '../../../src/http/fair-shares.ts';
import { rateLimits } from '../../../src/http/http-limits.ts';

function sharesOf(most: number, isDispensable?: (item: string) => boolean) {
  const held = new Map<string, Share<string>>();
  const shares = new Shares<string>({ most, drop: (item) => void held.delete(item), ...(isDispensable && { isDispensable }) });
  return {
    held,
    hold(address: string, count: number, { weight = 1, name = address } = {}) {
      for (let nth = 1; nth <= count; nth += 1) {
        const item = `${name} ${nth}`;
        // `add` may drop the item at once, before `held` has it.
        const share = shares.add(item, address, weight);
        if (shares.has(share)) held.set(item, share);
      }
    },
    letGo(item: string) {
      shares.remove(held.get(item) as Share<string>);
      held.delete(item);
    },
    of: (address: string) => [...held.keys()].filter((item) => item.startsWith(`${address} `)),
  };
}

it('nothing is dropped while at most half of the capacity is used', () => {
  const { hold, held } = sharesOf(100);
  hold('10.0.0.1', 50);
  expect(held.size).toBe(50);
});

it('a single address holds no more than is free, to the last item', () => {
  const { hold, of } = sharesOf(101);
  hold('10.0.0.1', 50);
  expect(of('10.0.0.1')[0]).toBe('10.0.0.1 1');
  hold('10.0.0.1', 1, { name: 'next' });
  expect(of('10.0.0.1')).toHaveLength(49);
});

it('a single address can use half of the capacity, and then loses its oldest items', () => {
  const { hold, of } = sharesOf(100);
  hold('10.0.0.1', 80);
  expect(of('10.0.0.1')).toHaveLength(50);
  expect(of('10.0.0.1')[0]).toBe('10.0.0.1 31');
});

it('a new address always gets room, taken from the address that uses most', () => {
  const { hold, of } = sharesOf(100);
  for (let attacker = 1; attacker <= 9; attacker += 1) hold(`10.0.0.${attacker}`, 200);
  hold('192.0.2.1', 8);
  expect(of('192.0.2.1')).toHaveLength(8);
});

it('many addresses that use little each may fill the whole capacity', () => {
  const { hold, held } = sharesOf(100);
  for (let reader = 1; reader <= 100; reader += 1) hold(`10.0.1.${reader}`, 1);
  expect(held.size).toBe(100);
});

it('an address that uses little keeps its items when the capacity is full', () => {
  const { smallestShare } = rateLimits;
  const { hold, of } = sharesOf(10 * smallestShare);
  for (let reader = 1; reader < smallestShare; reader += 1) hold(`10.0.1.${reader}`, 10);
  hold('192.0.2.1', 10);
  expect(of('192.0.2.1')).toHaveLength(10);
  hold('192.0.2.1', 1, { name: 'one more' });
  expect(of('192.0.2.1')).toHaveLength(9);
});

it('addresses in the same IPv6 /64 count as one', () => {
  const { hold, held } = sharesOf(100);
  for (let host = 1; host <= 90; host += 1) hold(`2001:db8:1:2::${host.toString(16)}`, 1);
  expect(held.size).toBe(50);
});

it('all of an IPv6 /48 use as much as four addresses, from however many /64 networks', () => {
  const { hold, held, of } = sharesOf(100);
  for (let net = 1; net <= 200; net += 1) hold(`2001:db8:1:${net.toString(16)}::1`, 1);
  expect(held.size).toBe((100 * rateLimits.wideShares) / (rateLimits.wideShares + 1));
  hold('192.0.2.1', 15);
  expect(of('192.0.2.1')).toHaveLength(15);
});

it('a larger item counts for more', () => {
  const { hold, held } = sharesOf(100);
  hold('10.0.0.1', 1, { weight: 40, name: 'large' });
  hold('10.0.0.1', 1, { weight: 30, name: 'larger' });
  expect([...held.keys()]).toEqual(['larger 1']);
});

it('expendable items are dropped first, even newer ones', () => {
  const { hold, held } = sharesOf(10, (item) => item.startsWith('idle'));
  hold('10.0.0.1', 4, { name: 'busy' });
  hold('10.0.0.1', 3, { name: 'idle' });
  expect([...held.keys()]).toEqual(['busy 1', 'busy 2', 'busy 3', 'busy 4', 'idle 3']);
});

it('a released item makes room again', () => {
  const { hold, held, letGo } = sharesOf(10);
  hold('10.0.0.1', 5);
  letGo('10.0.0.1 1');
  hold('10.0.0.1', 1, { name: 'next' });
  expect(held.size).toBe(5);
  expect(held.has('10.0.0.1 2')).toBe(true);
});
