/** After this time an author is told that what they have published is not stored yet, milliseconds. */
const promptMs = 2_000;

/**
 * Tells whether the device takes long to store something: another tab may hold its database, or the disk may be slow. The work goes on,
 * because a transaction that has begun cannot be taken back reliably.
 */
export async function tellIfSlow<T>(work: Promise<T>, tell: (isSlow: boolean) => void): Promise<T> {
  const timer = setTimeout(tell, promptMs, true);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    tell(false);
  }
}
