import fc from 'fast-check';
import { expect, it } from 'vitest';
import { announcements, channelKeys, partsOfKey, registry, repairKey, requestKey } from '../../../src/journal/redis/keys.ts';
import { channelIdPattern } from '../../../src/protocol/field-rules.ts';

const neighbours = ['storm', 'storm-2', 'storm2', 'storm-2-requests', 'registry', 'registry-2', 'channel', 'pressbox', 'owed'];
const channelId = fc.oneof(fc.constantFrom(...neighbours), fc.stringMatching(channelIdPattern));
/** Any text: it comes from the header of a request. */
const requestId = fc.oneof(fc.constantFrom('a', 'a:b', 's', '1'), fc.string({ minLength: 1, maxLength: 100 }));

const keysOf = (id: string, request: string) => [
  ...channelKeys(id, request),
  ...[repairKey(id), announcements(id), requestKey(id, `${request}-2`)],
];
const keysOfRegistry = Object.values(registry).flatMap((key) => (typeof key === 'string' ? [key] : [key('a'), key('a:b')]));

it('no channel has a key of another channel, of a request there, or of the registry', () => {
  fc.assert(
    fc.property(channelId, channelId, requestId, requestId, (id, other, request, otherRequest) => {
      const own = keysOf(id, request);
      expect(new Set([...own, ...keysOfRegistry]).size).toBe(own.length + keysOfRegistry.length);
      if (id !== other) expect(keysOf(other, otherRequest).filter((key) => own.includes(key))).toEqual([]);
    }),
  );
});

it('the name of a key tells its channel', () => {
  fc.assert(
    fc.property(channelId, requestId, (id, request) => {
      for (const key of keysOf(id, request)) expect(partsOfKey(key)?.of).toBe(id);
    }),
  );
});
