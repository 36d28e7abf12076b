import { describe, expect, it } from 'vitest';
import { faults } from '../drill/faults.ts';
import { rehearse } from '../drill/rehearse.ts';
import type { Fault } from '../drill/scene.ts';
import { describeWith, needs } from '../support/runner/needs.ts';

/** Some faults of `npm run drill`, whose alerts fire within seconds. The drill causes all of them. */
const names = ['clock-jump', 'no-descriptors', 'channel-damaged', 'replica-lost'];

describeWith(needs.prometheus, 'a fault', (prometheus) => {
  describeWith(needs.redis, 'of a server or its store', () => {
    describeWith(needs.compiler, 'or of its clock', () => {
      describe.concurrent('moves a metric, is logged, and fires its alert', () => {
        const chosen = names.map((name) => faults.find((fault) => fault.name === name) as Fault);
        it.each(chosen)('$name: $what', async (fault) => {
          const seen = await rehearse(fault, { prometheus, scrapeSeconds: 1, mostSeconds: 120 });
          const { before, after, messageSeconds, alertSeconds } = seen;
          expect({ before, messageSeconds, alertSeconds }).toEqual({
            before: before.map(() => expect.any(Number)),
            messageSeconds: expect.any(Number),
            alertSeconds: expect.any(Number),
          });
          expect(after.filter((value, server) => value === before[server])).toEqual([]);
        });
      });
    });
  });
});
