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
export function queryOf(fields: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '' : `?${given.join('&')}`;
}

/** Where a server is, in two parts; the path is without a slash at its end. Throws where it is no address of the web. */
export function partsOf(url: string): { origin: string; path: string } {
  const [, scheme, host, path] = /^(https?:)\/\/(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)/i.exec(url) ?? [];
  if (scheme === undefined || host === undefined) throw new TypeError(`Not the address of a server: ${url}`);
  return { origin: `${scheme.toLowerCase()}//${host}`, path: (path ?? '').replace(/\/+$/, '') };
}

export interface Deadline {
  /** Aborted when time has run out, or with the signal given. */
  readonly signal: AbortSignal;
  /** Time has run out. */
  readonly passed: boolean;
  /** Lets go of the timer and of the signal given. */
  end(): void;
}

export function deadline(ms: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  let passed = false;
  const stop = () => controller.abort();
  const timer = setTimeout(() => {
    passed = true;
    controller.abort();
  }, ms);
  signal?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    get passed() {
      return passed;
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  };
}

/** What was promised, unless the signal is aborted before it comes: then its reason is thrown. */
export function unlessAborted<T>(promised: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(reasonOf(signal)), { once: true });
    promised.then(resolve, reject);
  });
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** Why it was aborted. */
export function reasonOf(signal: AbortSignal): unknown {
  return signal.reason ?? new Error('It was given up.');
}
