import type { Express, Request } from 'express';

/**
 * Who asks, and how: `ip`, `protocol` and `secure` of every request, as Express tells them by its setting `trust proxy`, and for less. It
 * is asked several times a request, and parses addresses and goes through headers each time.
 */
export function believeProxies(app: Express, trustProxy: boolean | number | string): void {
  app.set('trust proxy', trustProxy);
  if (trustProxy === false) Object.defineProperties(app.request, ofConnection);
  if (typeof trustProxy === 'string') app.set('trust proxy', rememberLast(app.get('trust proxy fn')));
}

/** Where no proxy is believed, no header plays a part. This server speaks no TLS. */
const ofConnection: PropertyDescriptorMap & ThisType<Request> = {
  ip: {
    get() {
      return this.socket.remoteAddress;
    },
  },
  protocol: { value: 'http' },
};

type Trusts = (address: string | undefined) => boolean;

/** Nearly everyone comes by the same proxy. */
function rememberLast(trusts: Trusts): Trusts {
  let last: { address: string | undefined; isTrusted: boolean } | undefined;
  return (address) => {
    if (last === undefined || last.address !== address) last = { address, isTrusted: trusts(address) };
    return last.isTrusted;
  };
}
