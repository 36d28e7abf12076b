/**
 * Replacements for what React Native lacks: it has no `crypto`, a non-standard `URL` and `URLSearchParams`, and an `AbortSignal`
 * without `any`, `timeout`, `reason` and `throwIfAborted`.
 */

/**
 * For unique values that need not be secret. `crypto.randomUUID` is missing on plain-http pages, so it is not used. Without
 * `crypto`, `Math.random` is used.
 */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const { crypto } = globalThis as { crypto?: Pick<Crypto, 'getRandomValues'> };
  return crypto ? crypto.getRandomValues(bytes) : bytes.map(() => Math.floor(Math.random() * 256));
}

/** `?a=1&b=2` from the fields that have a value, or an empty string. */
export function queryString(fields: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

/** Splits the server's address; the path has no trailing slash. Throws if it is not an http(s) URL. */
export function parseServerUrl(url: string): { origin: string; path: string } {
  const [, scheme, host, path] = /^(https?:)\/\/(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)/i.exec(url) ?? [];
  if (scheme === undefined || host === undefined) throw new TypeError(`Not the address of a server: ${url}`);
  return { origin: `${scheme.toLowerCase()}//${host}`, path: (path ?? '').replace(/\/+$/, '') };
}

/**
 * Longest time for a whole answer. On a slow line a large answer takes long although all is well, so timeouts restart with each
 * byte. The 768 KiB that an answer may hold take three minutes at 32 kbit/s. Milliseconds.
 */
export const maxResponseMs = 240_000;

export interface Deadline {
  /** Aborted when the time has run out, or with the given signal. */
  readonly signal: AbortSignal;
  /** Bytes have arrived: restarts the timeout. */
  extend(): void;
  /** Releases the timer and the given signal. */
  end(): void;
}

export function deadline(ms: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  const lastAt = Date.now() + maxResponseMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => controller.abort();
  const heard = () => {
    if (Date.now() > lastAt) return;
    clearTimeout(timer);
    timer = setTimeout(stop, ms);
  };
  heard();
  signal?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    extend: heard,
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}

/** React Native's `fetch` has no streams: it resolves when the response has ended, which a stream never does. */
export function canStream(): boolean {
  const { Response } = globalThis;
  return typeof TextDecoder === 'function' && Response !== undefined && 'body' in Response.prototype;
}

/** Passes on the text as it arrives, or all of it at the end if there are no streams. */
export async function readText(response: Response, hear: (text: string) => void): Promise<void> {
  const reader = canStream() ? response.body?.getReader?.() : undefined;
  if (reader === undefined) return hear(await response.text());
  const decoder = new TextDecoder();
  for (let stream = true; stream; ) {
    const { done, value } = await reader.read();
    stream = !done;
    hear(decoder.decode(value, { stream }));
  }
}

/** Resolves like the promise, or rejects with the signal's reason if the signal is aborted first. */
export function unlessAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(abortReason(signal)), { once: true });
    promised.then(resolve, reject);
  });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

export function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new Error('The request was aborted.');
}
