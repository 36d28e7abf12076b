/** The readers of the demo, counted by the server's metrics over all of its processes. */
export interface Audience {
  isReading: boolean;
  /** How many times a reader has caught up. */
  arrivals: number;
}

/** Undefined if the metrics cannot be read. */
export async function audienceAt(url: string, signal?: AbortSignal): Promise<Audience | undefined> {
  try {
    const answer = await fetch(`${url}/metrics`, { ...(signal && { signal }) });
    return answer.ok ? audienceIn(await answer.text()) : undefined;
  } catch {
    return undefined;
  }
}

function audienceIn(metrics: string): Audience | undefined {
  const sum = (name: string) =>
    [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  if (!metrics.includes('pressbox_subscriptions')) return undefined;
  return { isReading: sum('pressbox_subscriptions') > 0, arrivals: sum('pressbox_catch_ups_total') };
}
