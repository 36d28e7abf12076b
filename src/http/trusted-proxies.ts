import express, { type Express, type Request, type RequestHandler } from 'express';
import { httpLimits } from './http-limits.ts';

/**
 * Who asks, and how: `ip`, `protocol` and `secure` of every request, as Express tells them by its setting `trust proxy`, and for less. It
 * is asked several times a request, and parses addresses and goes through headers each time.
 */
export function trustProxies(app: Express, trustProxy: boolean | number | string): void {
  app.set('trust proxy', trustProxy);
  Object.defineProperties(app.request, trustProxy === false ? directGetters : proxyGetters);
  if (typeof trustProxy === 'string') app.set('trust proxy', rememberLast(app.get('trust proxy fn')));
}

/** Behind a proxy that is not trusted all readers would share one address, and one rate: said once, to whoever reads the log. */
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

/** Where no proxy is believed, no header plays a part. This server speaks no TLS. */
const directGetters: PropertyDescriptorMap & ThisType<Request> = {
  ip: {
    get() {
      return this.socket.remoteAddress;
    },
  },
  protocol: { value: 'http' },
};

/**
 * Each proxy adds the address from which it was asked to the end of those that it was told, so what we believe is there. Where all of
 * them are trusted, thousands would be parsed.
 */
const proxyGetters: PropertyDescriptorMap & ThisType<Request> = {
  ip: {
    get() {
      const { headers } = this;
      const told = String(headers['x-forwarded-for'] ?? '');
      if (told.length > httpLimits.forwardedCharacters) headers['x-forwarded-for'] = lastOf(told);
      return Reflect.get(express.request, 'ip', this);
    },
  },
};

/** As many whole addresses as fit. */
function lastOf(told: string): string {
  const end = told.slice(-httpLimits.forwardedCharacters);
  const comma = end.indexOf(',');
  return comma < 0 ? '' : end.slice(comma + 1);
}

type Trusts = (address: string | undefined) => boolean;

/** Nearly everyone comes by the same proxy. */
function rememberLast(trusts: Trusts): Trusts {
  let last: { address: string | undefined; isTrusted: boolean } | undefined;
  return (address) => {
    if (last === undefined || last.address !== address) last = { address, isTrusted: trusts(address) };
    return last.isTrusted;
  };
}
