/**
 * Undefined where it failed or was not there in time. What lies there unread when the time is over counts as in time: where this process
 * was held up that is its own fault, and no reason to give up a connection.
 */
export async function withTimeout<T>(
  ms: number,
  promise: Promise<T>,
  failed: (error: unknown) => void = () => {},
): Promise<(T extends void ? true : T) | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    // In the next turn of the loop, which reads first.
    timer = setTimeout(() => setImmediate(() => resolve(undefined)), ms);
  });
  try {
    return (await Promise.race([promise.then((value) => value ?? true), late])) as (T extends void ? true : T) | undefined;
  } catch (error) {
    failed(error);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
