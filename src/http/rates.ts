import { isIPv4, isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { rateLimits } from './http-limits.ts';

/**
 * How much one writer or one address may ask of this process. Token buckets that hold ten seconds' worth: a burst of ten times the
 * rate, then the rate. (A window that starts anew every ten seconds would let twice the burst through at its edge.)
 */
export interface Rates {
  /** Counts a write of this token `sub`; throws the refusal `rate-limited`. */
  writes(sub: string): void;
  /** Counts a request, a handshake or a subscribe of this address; throws likewise. */
  requests(address: string): void;
  /**
   * Counts what an answer to this address took beyond its request: one more for each further `answerUnitBytes` that it began. It is never
   * refused, but those that follow wait: no longer than a whole bucket takes.
   */
  chargeResponse(address: string, bytes: number): void;
  /** Counts an open socket or stream of this address; throws where it has too many. Call what it returns when it has closed. */
  connection(address: string): () => void;
}

export type RateKind = 'writes' | 'requests' | 'connections';

export interface RateLimits {
  /** A token; 0 means no limit, here and below. */
  writesPerSecond: number;
  /** An address. */
  requestsPerSecond: number;
  /** Open at once. */
  connectionsPerAddress: number;
}

const { bucketMs, bucketsMost, answerUnitBytes, connectionRetrySeconds } = rateLimits;

export function createRates(
  { writesPerSecond, requestsPerSecond, connectionsPerAddress }: RateLimits,
  options: {
    /** Milliseconds of a clock that never goes back. */
    now?: () => number;
    onRejected?: (kind: RateKind) => void;
  } = {},
): Rates {
  const { now = () => performance.now(), onRejected = () => {} } = options;
  const writers = createBuckets(writesPerSecond, now);
  const addresses = createBuckets(requestsPerSecond, now);
  const open = new Map<string, number>();

  const refuse = (kind: RateKind, retryAfter: number): never => {
    onRejected(kind);
    throw new Refusal('rate-limited', { retryAfter });
  };
  const take = (kind: RateKind, buckets: Buckets, key: string) => {
    const waitMs = buckets.take(key);
    if (waitMs > 0) refuse(kind, Math.max(1, Math.ceil(waitMs / 1000)));
  };

  return {
    writes: (sub) => take('writes', writers, sub),
    requests: (address) => take('requests', addresses, addressKey(address)),
    chargeResponse(address, bytes) {
      const more = Math.ceil(bytes / answerUnitBytes) - 1;
      if (more > 0) addresses.charge(addressKey(address), more);
    },
    connection(address) {
      const key = addressKey(address);
      const count = open.get(key) ?? 0;
      if (connectionsPerAddress > 0 && count >= connectionsPerAddress) refuse('connections', connectionRetrySeconds);
      open.set(key, count + 1);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        const left = (open.get(key) ?? 1) - 1;
        if (left > 0) open.set(key, left);
        else open.delete(key);
      };
    },
  };
}

/** Counts every request by its address, which Express takes from the proxy if that is trusted, and its answer once that is made. */
export function limitRequests(rates: Rates): RequestHandler {
  return (request, response, next) => {
    const { socket, ip = '' } = request;
    rates.requests(ip);
    const before = socket.bytesWritten;
    let isCharged = false;
    const charge = () => {
      if (isCharged || ownCount.has(response)) return;
      isCharged = true;
      rates.chargeResponse(ip, socket.bytesWritten - before);
    };
    // When it was made: a client that reads nothing has the next one made while this one waits.
    response.once('prefinish', charge).once('close', charge);
    next();
  };
}

/** For an answer that does not end, in which news are pushed that nobody asked for: whoever gives it counts what was asked for. */
export function chargesItself(response: object): void {
  ownCount.add(response);
}

const ownCount = new WeakSet<object>();

/** As some proxies forward it: an IPv4 address with a port, an IPv6 one in brackets. Else all their readers would be one. */
const forwardedWithPort = /^(?:([\d.]+):\d+|\[([^[\]]+)\](?::\d+)?)$/;

/** Whom an address belongs to: an IPv4 address, also where IPv6 maps it, or the first 64 bits of an IPv6 one. */
export function addressKey(address: string): string {
  if (isIPv4(address)) return address;
  // What Node calls an IPv4 client where it listens for both.
  if (address.startsWith('::ffff:') && isIPv4(address.slice(7))) return address.slice(7);
  const withPort = forwardedWithPort.exec(address);
  if (withPort !== null) return addressKey(withPort[1] ?? withPort[2] ?? '');
  const plain = address.split('%', 1)[0] ?? '';
  if (!isIPv6(plain)) return 'unknown';
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groupsOf(plain);
  const isMapped = (a | b | c | d | e) === 0 && f === 0xffff;
  if (isMapped) return `${g >> 8}.${g & 0xff}.${h >> 8}.${h & 0xff}`;
  return `${a.toString(16)}:${b.toString(16)}:${c.toString(16)}:${d.toString(16)}::/64`;
}

/** The /48 that the key of an IPv6 address lies in; undefined for others. */
export function wideAddressKey(key: string): string | undefined {
  return key.endsWith('/64') ? `${key.split(':', 3).join(':')}::/48` : undefined;
}

/** The eight 16-bit groups of a valid IPv6 address. */
function groupsOf(address: string): number[] {
  const groups: number[] = [];
  let gap = 0;
  for (const part of address.split(':')) {
    if (part === '') gap = groups.length;
    else if (part.includes('.')) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
      groups.push((a << 8) | b, (c << 8) | d);
    } else groups.push(Number.parseInt(part, 16));
  }
  while (groups.length < 8) groups.splice(gap, 0, 0);
  return groups;
}

interface Buckets {
  /** Takes one; 0, or the milliseconds until there is one to take. */
  take(key: string): number;
  /** Takes so many that are not refused. The debt is at most what a bucket holds. */
  charge(key: string, count: number): void;
}

/**
 * Kept of each bucket is the time at which it will be full (the generic cell rate algorithm): one number, and no timer.
 *
 * The buckets are in two halves. After twenty seconds, or when the newer half is full, it becomes the older one, and what the older one
 * held is forgotten: it was not touched for twenty seconds, so it is full whatever it owed, or there were too many. (One map, emptied from its front,
 * takes the longer the more was deleted: a table remembers deleted places until it is built anew.)
 */
function createBuckets(perSecond: number, now: () => number): Buckets {
  if (perSecond === 0) return { take: () => 0, charge: () => undefined };
  const intervalMs = 1000 / perSecond;
  // Sums of thirds are not whole: without this the last of a burst would be lost to rounding.
  const roundingMs = intervalMs / 1000;
  let newer = new Map<string, number>();
  let older = new Map<string, number>();
  let turnedAt = now();

  const turn = (at: number) => {
    if (at - turnedAt < 2 * bucketMs && newer.size < bucketsMost / 2) return;
    older = newer;
    newer = new Map();
    turnedAt = at;
  };
  const fullAt = (key: string, at: number) => Math.max(newer.get(key) ?? older.get(key) ?? at, at);

  return {
    charge(key, count) {
      const at = now();
      turn(at);
      newer.set(key, Math.min(fullAt(key, at) + count * intervalMs, at + 2 * bucketMs));
    },
    take(key) {
      const at = now();
      turn(at);
      const next = fullAt(key, at) + intervalMs;
      const waitMs = next - at - bucketMs;
      if (waitMs > roundingMs) return waitMs;
      newer.set(key, next);
      return 0;
    },
  };
}
