import { providerAt } from './frames.ts';
import { providerNames } from './provider-names.ts';

/** The names of the sites at these hosts: by provider, and by host for a Mastodon instance. */
export function embedNames(hosts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    hosts.map((host) => {
      const key = providerAt(host) ?? host;
      return [key, providerNames[key] ?? host];
    }),
  );
}
