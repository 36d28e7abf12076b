import { Http } from '../../../../lib/http.ts';
import { basePath } from '../../app/base-path.ts';
import { uploadStallMs } from '../../outbox/outbox-limits.ts';
import type { Send } from './upload-pictures.ts';

/** Sends a file with `XMLHttpRequest`, because `fetch` does not tell how much of a request has been sent. */
export const sendFile: Send = (request, onProgress, signal) =>
  new Http({ url: basePath, fetch: (url, init) => sendByXhr(url, init, onProgress) }).request(request, signal);

function sendByXhr(url: string, init: RequestInit, onProgress: (share: number) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const { signal } = init;
    let stall: ReturnType<typeof setTimeout> | undefined;
    const fail = () => reject(new TypeError('The upload was interrupted.'));
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => xhr.abort(), uploadStallMs);
    };
    xhr.open(init.method ?? 'POST', url);
    for (const [name, value] of Object.entries(init.headers ?? {})) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded, total }) => {
      watch();
      onProgress(total > 0 ? loaded / total : 0);
    };
    // From here on the server works, which may take longer.
    xhr.upload.onload = () => clearTimeout(stall);
    xhr.onload = () => {
      const headers = new Headers();
      const retryAfter = xhr.getResponseHeader('retry-after');
      if (retryAfter !== null) headers.set('retry-after', retryAfter);
      resolve(new Response(xhr.responseText, { status: xhr.status, headers }));
    };
    for (const name of ['error', 'abort', 'timeout'] as const) xhr.addEventListener(name, fail);
    xhr.onloadend = () => {
      clearTimeout(stall);
      signal?.removeEventListener('abort', abort);
    };
    const abort = () => xhr.abort();
    signal?.addEventListener('abort', abort, { once: true });
    watch();
    xhr.send(init.body as Blob);
  });
}
