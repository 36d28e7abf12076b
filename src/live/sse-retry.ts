import type { ErrorRequestHandler, Request, Response } from 'express';
import { problemFor } from '../http/answers.ts';
import { pathBelowBase } from '../http/base-path.ts';
import type { Problem } from '../protocol/problems.ts';
import { retryDelayMs, retryField, streamHeaders } from './sse-messages.ts';

/**
 * Answers a request that fails with a temporary problem so that an EventSource retries. An EventSource gives up for good at any
 * status except 200 (HTML standard, 9.2.3), and its reader would see a page that silently stopped. So it gets a stream that
 * contains only a `retry` and ends, and reconnects with its cursor. Clients that use fetch find the same time in `Retry-After`.
 */
export interface SseRetry {
  /** Answers an EventSource. Returns false, without a response, for other clients and for problems that a retry does not solve. */
  send(req: Request, res: Response, problem: Problem): boolean;
  /** Handles thrown errors with `send`, and passes on the rest. */
  handler: ErrorRequestHandler;
}

export function createSseRetry({ random }: { random: () => number }): SseRetry {
  const send = (req: Request, res: Response, { code, retryAfter: seconds }: Problem) => {
    if (seconds === undefined || !isEventSource(req)) return false;
    // For the metrics.
    res.locals.problem = code;
    sendRetry(res, retryDelayMs(seconds * 1_000, random));
    return true;
  };
  return {
    send,
    handler(error: unknown, req, res, next) {
      const problem = res.headersSent ? undefined : problemFor(error);
      if (problem === undefined || !send(req, res, problem)) next(error);
    },
  };
}

export function sendRetry(res: Response, ms: number): void {
  const block = retryField(ms);
  const head = { 'Retry-After': Math.round(ms / 1_000), 'Content-Length': block.length };
  res.writeHead(200, { ...streamHeaders, ...head }).end(block);
}

/** An EventSource accepts only a stream (HTML standard, 9.2.2). A client that accepts anything else can read the problem document. */
function isEventSource(request: Request): boolean {
  const { method, headers } = request;
  const accept = headers.accept?.trim().toLowerCase();
  return method === 'GET' && accept === 'text/event-stream' && streamPath.test(pathBelowBase(request));
}

/** The path of the route. */
const streamPath = /^\/v1\/channels\/[^/]+\/stream\/?$/;
