/**
 * What the client needs and React Native has not, or only in part: it has no `crypto`, its `URL` and `URLSearchParams` are none of the
 * standard's, and its `AbortSignal` has neither `any` nor `timeout`, neither `reason` nor `throwIfAborted`.
 */

/**
 * For what must differ and need not be secret. `crypto.randomUUID` is missing from pages served over plain http, so it is not used;
 * where there is no `crypto` at all, chance is that of the engine.
 */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const { crypto } = globalThis as { crypto?: Pick<Crypto, 'getRandomValues'> };
  return crypto ? crypto.getRandomValues(bytes) : bytes.map(() => Math.floor(Math.random() * 256));
}

/** `?a=1&b=2` of the fields that have a value, or nothing. */
export function queryString(fields: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

/** Where a server is, in two parts; the path is without a slash at its end. Throws where it is no address of the web. */
export function parseServerUrl(url: string): { origin: string; path: string } {
  const [, scheme, host, path] = /^(https?:)\/\/(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)/i.exec(url) ?? [];
  if (scheme === undefined || host === undefined) throw new TypeError(`Not the address of a server: ${url}`);
  return { origin: `${scheme.toLowerCase()}//${host}`, path: (path ?? '').replace(/\/+$/, '') };
}

/**
 * Over a narrow line a large answer takes long though all is well, so that a deadline runs from the last bytes of it. This long at most: the
 * 768 KiB that an answer may hold take three minutes over 32 kbit/s. Milliseconds.
 */
export const maxResponseMs = 240_000;

export interface Deadline {
  /** Aborted when time has run out, or with the signal given. */
  readonly signal: AbortSignal;
  /** Bytes have come: from now on there is as much time again. */
  extend(): void;
  /** Lets go of the timer and of the signal given. */
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

/** React Native has `fetch` without streams, and answers when the response has ended, which a stream never does. */
export function canStream(): boolean {
  const { Response } = globalThis;
  return typeof TextDecoder === 'function' && Response !== undefined && 'body' in Response.prototype;
}

/** Hands on the text of an answer as it comes, or all of it at the end where there are no streams. */
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

/** What was promised, unless the signal is aborted before it comes: then its reason is thrown. */
export function unlessAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(abortReason(signal)), { once: true });
    promised.then(resolve, reject);
  });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

/** Why it was aborted. */
export function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new Error('It was given up.');
}
