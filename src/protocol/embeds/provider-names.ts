const names = 'Bluesky,Datawrapper,Flourish,Google Maps,Instagram,OpenStreetMap,TikTok,Vimeo,X,YouTube';

/** The names of the sites whose posts can be shown in a frame, by provider. A Mastodon instance is called by its host. */
export const providerNames: Readonly<Record<string, string>> = Object.fromEntries(
  names.split(',').map((name) => [name.toLowerCase().replace(' ', '-'), name]),
);

/** The sites in a list, separated by spaces: providers, and hosts of Mastodon instances. Without a list, all providers but Mastodon. */
export function sitesNamed(list: string | null | undefined): Readonly<Record<string, string>> {
  return list ? Object.fromEntries(list.split(' ').map((key) => [key, providerNames[key] ?? key])) : providerNames;
}
