import { Gauge, Registry } from 'prom-client';
import { limits } from '../protocol/wire-limits.ts';

/**
 * The limits of this version as metrics. They never change while a server runs, so only a scrape that
 * asks for them gets them. `bounds`: further limits, by name.
 */
export function limitMetrics(bounds: Readonly<Record<string, number>>): Registry {
  const registry = new Registry();
  const limit = new Gauge({
    name: 'pressbox_limit',
    help: 'Limits of this version; the name has the unit. Only with `?limits=1`.',
    labelNames: ['name'],
    registers: [registry],
  });
  for (const [name, value] of Object.entries({ ...limits, ...bounds })) limit.set({ name }, value);
  return registry;
}
