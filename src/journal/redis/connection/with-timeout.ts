/**
 * Resolves with undefined if the promise fails or takes longer than `ms`. Data that is ready but unread when the time is over
 * counts as in time: the delay is then in this process, and no reason to give up a connection.
 */
export async function withTimeout<T>(
  ms: number,
  promise: Promise<T>,
  failed: (error: unknown) => void = () => {},
): Promise<(T extends void ? true : T) | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    // In the next turn of the event loop, after pending data was read.
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
