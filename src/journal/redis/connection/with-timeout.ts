/**
 * Resolves with undefined if the promise fails or takes longer than `ms`. Data that has arrived by then but was not read yet
 * counts as in time, because this process caused the delay, and the connection is fine.
 */
export async function withTimeout<T>(
  ms: number,
  promise: Promise<T>,
  failed: (error: unknown) => void = () => {},
): Promise<(T extends void ? true : T) | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    // Decide in the next turn of the event loop, after pending data was read.
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
