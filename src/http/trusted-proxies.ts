import express, { type Express, type Request, type RequestHandler } from 'express';
import { httpLimits } from './http-limits.ts';

/**
 * Defines `ip`, `protocol` and `secure` of every request like Express with its setting `trust proxy`, but faster. They are read
 * several times per request, and Express parses addresses and headers each time.
 */
export function trustProxies(app: Express, trustProxy: boolean | number | string): void {
  app.set('trust proxy', trustProxy);
  Object.defineProperties(app.request, trustProxy === false ? directGetters : proxyGetters);
  if (typeof trustProxy === 'string') app.set('trust proxy', rememberLast(app.get('trust proxy fn')));
}

/**
 * Logs once that a forwarded header was ignored: behind a proxy that is not trusted, all readers share one address and one rate.
 */
export function warnAboutForwardedHeaders(
  trustProxy: boolean | number | string,
  log: { warn(fields: object, message: string): void },
): RequestHandler {
  let warned = trustProxy !== false;
  return (req, _res, next) => {
    if (!warned && (req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined)) {
      warned = true;
      log.warn({}, 'a forwarded header was ignored: if it came from your proxy, set PRESSBOX_TRUST_PROXY');
    }
    next();
  };
}

/** Without trusted proxies, headers are ignored. This server does not speak TLS. */
const directGetters: PropertyDescriptorMap & ThisType<Request> = {
  ip: {
    get() {
      return this.socket.remoteAddress;
    },
  },
  protocol: { value: 'http' },
};

/**
 * Shortens a long header before Express parses it. Each proxy appends the address of its client, so the trusted part is at the
 * end. Otherwise, if all proxies are trusted, a client could make Express parse thousands of addresses.
 */
const proxyGetters: PropertyDescriptorMap & ThisType<Request> = {
  ip: {
    get() {
      const { headers } = this;
      const forwarded = String(headers['x-forwarded-for'] ?? '');
      if (forwarded.length > httpLimits.forwardedCharacters) headers['x-forwarded-for'] = lastOf(forwarded);
      return Reflect.get(express.request, 'ip', this);
    },
  },
};

/** The last complete addresses in the last `forwardedCharacters`. */
function lastOf(forwarded: string): string {
  const end = forwarded.slice(-httpLimits.forwardedCharacters);
  const comma = end.indexOf(',');
  return comma < 0 ? '' : end.slice(comma + 1);
}

type Trusts = (address: string | undefined) => boolean;

/** Remembers the last address, because nearly every request comes through the same proxy. */
function rememberLast(trusts: Trusts): Trusts {
  let last: { address: string | undefined; isTrusted: boolean } | undefined;
  return (address) => {
    if (last === undefined || last.address !== address) last = { address, isTrusted: trusts(address) };
    return last.isTrusted;
  };
}
