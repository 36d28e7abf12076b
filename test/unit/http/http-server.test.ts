import express from 'express';
import { expect, it } from 'vitest';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { createHttp } from '../../../src/http/http-server.ts';

it('the server gives clients the times and the headers of the table of limits', () => {
  const http = createHttp(express(), () => undefined);
  const { requestHeadersMs, requestMs, keepAliveMs, idleMs, requestHeaderBytes } = httpLimits;
  expect({
    ...{ requestHeadersMs: http.headersTimeout, requestMs: http.requestTimeout },
    ...{ keepAliveMs: http.keepAliveTimeout, idleMs: http.timeout },
    requestHeaderBytes: (http as unknown as { maxHeaderSize: number }).maxHeaderSize,
  }).toEqual({ requestHeadersMs, requestMs, keepAliveMs, idleMs, requestHeaderBytes });
});
