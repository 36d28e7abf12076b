/** Counts the readers of the demo by its server's metrics, which sum over all processes. */
export interface Audience {
  isReading: boolean;
  /** How often somebody has begun to read. */
  arrivals: number;
}

/** Undefined where the server does not tell. */
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
