/** The headlines of the coverages that this page has seen, by channel id. For places that name a coverage other than the shown one. */
const names = new Map<string, string>();

export function rememberCoverageName(channelId: string, headline: string): void {
  names.set(channelId, headline);
}

/** The headline of the coverage, or its id until it is known. */
export function coverageName(channelId: string): string {
  return names.get(channelId) ?? channelId;
}

/** Another author signs in, who may not know these coverages. */
export function forgetCoverageNames(): void {
  names.clear();
}
