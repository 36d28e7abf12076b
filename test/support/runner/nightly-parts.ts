/** A part of the nightly run, which is one job: some projects of the mode `nightly`. */
export interface Part {
  projects: readonly string[];
  env?: Record<string, string>;
}

export const nightlyParts = {
  modules: { projects: ['unit', 'engine', 'model'], env: { PRESSBOX_SIMULATION_SEEDS: '20000' } },
  servers: { projects: ['server', 'hostile'], env: { PRESSBOX_MEDIA_STORMS: '10' } },
  'servers-on-redis': { projects: ['server on redis'] },
  'servers-on-valkey': { projects: ['server on valkey'] },
  pages: { projects: ['page'] },
  desk: { projects: ['desk'] },
  'random-runs': { projects: ['random runs'], env: { PRESSBOX_DESK_RUNS: '40', PRESSBOX_EDITOR_ROUNDS: '60' } },
  disasters: { projects: ['disasters', 'alone'] },
  package: { projects: ['package', 'container'] },
  'below-nginx': { projects: ['behind nginx'] },
  'below-express': { projects: ['in Express', 'at its own port'] },
  'sentinel-contract': { projects: ['contract behind Sentinel'] },
  'sentinel-redis': { projects: ['server on redis-sentinel'] },
  'sentinel-valkey': { projects: ['server on valkey-sentinel'] },
} as const satisfies Record<string, Part>;
