import { isIPv4, isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { Refusal } from '../protocol/problems.ts';
import { rateLimits } from './http-limits.ts';

/**
 * Rate limits of an author or an address in this process: token buckets that hold ten seconds of the rate. They allow a burst of
 * ten times the rate, then the rate. (A fixed window of ten seconds would admit twice the burst around its edge.)
 */
export interface Rates {
  /** Counts a write of this token `sub`. Throws the refusal `rate-limited`. */
  writes(sub: string): void;
  /** Counts a request, a handshake or a subscribe of this address. Throws the refusal `rate-limited`. */
  requests(address: string): void;
  /**
   * Counts the size of a response: one more request for each further `answerUnitBytes` that it begins. The response is never
   * refused. Later requests are refused instead, for at most the time in which a bucket fills.
   */
  chargeResponse(address: string, bytes: number): void;
  /**
   * Counts the size of a response that was built for this request, before compression, and `buildRequests` for building it. The
   * client need not have waited for the response.
   */
  chargeBuild(address: string, bytes: number): void;
  /**
   * Counts an open socket or stream of this address. Throws if the address has too many. Call the returned function when it has
   * closed.
   */
  connection(address: string): () => void;
}

export type RateKind = 'writes' | 'requests' | 'connections';

export interface RateLimits {
  /** Per token. 0 means no limit, here and below. */
  writesPerSecond: number;
  /** Per address. */
  requestsPerSecond: number;
  /** Open at once. */
  connectionsPerAddress: number;
}

const { bucketMs, bucketsMost, answerUnitBytes, buildRequests, connectionRetrySeconds } = rateLimits;

export function createRates(
  { writesPerSecond, requestsPerSecond, connectionsPerAddress }: RateLimits,
  options: {
    /** A monotonic clock, in milliseconds. */
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

  const charge = (address: string, requests: number) => {
    if (requests > 0) addresses.charge(addressKey(address), requests);
  };
  /** Beyond the request itself, which covers the first unit. */
  const furtherUnits = (bytes: number) => Math.max(0, Math.ceil(bytes / answerUnitBytes) - 1);

  return {
    writes: (sub) => take('writes', writers, sub),
    requests: (address) => take('requests', addresses, addressKey(address)),
    chargeResponse: (address, bytes) => charge(address, furtherUnits(bytes)),
    chargeBuild: (address, bytes) => charge(address, buildRequests + furtherUnits(bytes)),
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

/** Counts every request by its address, which Express takes from a trusted proxy, and its response once it is complete. */
export function limitRequests(rates: Rates): RequestHandler {
  return (request, response, next) => {
    const { socket, ip = '' } = request;
    rates.requests(ip);
    const before = socket.bytesWritten;
    let isCharged = false;
    const charge = () => {
      if (isCharged || ownCount.has(response)) return;
      isCharged = true;
      rates.chargeResponse(ip, Math.max(socket.bytesWritten - before, compressed.get(response) ?? 0));
    };
    // Charged when the response is produced, before the client has received it. Otherwise a client that reads nothing could
    // request further responses that are not charged.
    response.once('prefinish', charge).once('close', charge);
    next();
  };
}

/** Exempts a response whose maker charges for it: one that stays open for pushed events, or that was built for its request. */
export function chargesItself(response: object): void {
  ownCount.add(response);
}

const ownCount = new WeakSet<object>();

/** The content of this response had to be compressed for it, so it is charged by its size before. */
export function countCompressed(response: object, bytes: number): void {
  compressed.set(response, bytes);
}

const compressed = new WeakMap<object, number>();

/**
 * Some proxies forward an address in this form: IPv4 with a port, or IPv6 in brackets. If it were not recognised, all clients of
 * such a proxy would share one rate.
 */
const forwardedWithPort = /^(?:([\d.]+):\d+|\[([^[\]]+)\](?::\d+)?)$/;

/**
 * The key for all addresses of one owner: the IPv4 address, even if written as an IPv6 address, or the first 64 bits of an IPv6
 * address.
 */
export function addressKey(address: string): string {
  if (isIPv4(address)) return address;
  // Node shows IPv4 clients in this form if it listens for IPv4 and IPv6.
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

/** The /48 of the key of an IPv6 address. Undefined for IPv4. */
export function wideAddressKey(key: string): string | undefined {
  return key.endsWith('/64') ? `${key.split(':', 3).join(':')}::/48` : undefined;
}

/**
 * The key by which addresses take turns. All IPv6 addresses of a /48 take turns as one, so that a network that owns many of them gets
 * no more turns than others.
 */
export function turnKey(address: string): string {
  const key = addressKey(address);
  return wideAddressKey(key) ?? key;
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
  /** Takes one token. Returns 0, or the milliseconds until a token is available. */
  take(key: string): number;
  /** Takes this many tokens, even if there are fewer. The debt is at most the size of a bucket. */
  charge(key: string, count: number): void;
}

/**
 * A bucket stores one number, the time at which it will be full (the generic cell rate algorithm), and needs no timer.
 *
 * There are two maps of buckets. After twenty seconds, or when the newer map is full, it becomes the older one, and the previous
 * older one is dropped: either its buckets were not used for twenty seconds, so they are full, or there were too many buckets.
 * (Deleting from the front of one map becomes slower with each deletion, because the table keeps deleted places until it is
 * rebuilt.)
 */
function createBuckets(perSecond: number, now: () => number): Buckets {
  if (perSecond === 0) return { take: () => 0, charge: () => undefined };
  const intervalMs = 1000 / perSecond;
  // Sums of fractions such as a third are not exact. Without this tolerance, rounding would refuse the last request of a burst.
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
