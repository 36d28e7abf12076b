import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { boundConnections } from '../../../src/http/connections.ts';
import { httpLimits } from '../../../src/http/http-limits.ts';
import { createPipelines } from '../../../src/http/pipeline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a reserved connection is closed and counted once it was not in use for reservedMs', () => {
  const http = new EventEmitter();
  const onCut = vi.fn();
  let isUsed = true;
  boundConnections(http as Server, {
    ...{ most: 0, reserved: 1, isProxy: () => false, isUsed: () => isUsed },
    ...{ onCut, onFull() {} },
  });
  const socket = Object.assign(new EventEmitter(), { remoteAddress: '192.0.2.1', destroy: vi.fn() });
  http.emit('connection', socket);
  vi.advanceTimersByTime(2 * httpLimits.reservedMs);
  expect(socket.destroy).not.toHaveBeenCalled();
  isUsed = false;
  vi.advanceTimersByTime(httpLimits.reservedMs - 1);
  expect(socket.destroy).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(socket.destroy).toHaveBeenCalledTimes(1);
  expect(onCut.mock.calls).toEqual([['full']]);
});

it('a client that pipelines too much and does not close its end is disconnected lingerMs after its last answer', () => {
  const { pipelinedRequests: most, lingerMs } = httpLimits;
  const onFull = vi.fn();
  const pipelines = createPipelines({ most, lingerMs, begin() {}, onFull });
  const [pause, resume, end, destroy] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
  const socket = Object.assign(new EventEmitter(), { writable: true, destroyed: false, pause, resume, end, destroy });
  const responses = Array.from({ length: most + 1 }, () => new EventEmitter() as ServerResponse);
  for (const response of responses) pipelines.take({ socket: socket as unknown as Socket } as IncomingMessage, response);
  expect([onFull, pause].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  for (const response of responses.slice(0, most)) {
    expect(end).not.toHaveBeenCalled();
    response.emit('close');
  }
  expect(end).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(lingerMs - 1);
  expect(destroy).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(destroy).toHaveBeenCalledTimes(1);
});
