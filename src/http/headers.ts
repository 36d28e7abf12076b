import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, RequestHandler } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

/**
 * Security headers, set route by route: helmet's defaults suit a site on HTTPS that nobody embeds, and break plain HTTP on a local
 * network, pictures in posts, and embedding. Each change of a default says why.
 */

/** Who may show a page in a frame: nobody, the server's own pages, everyone, or pages of these origins. */
export type FrameAncestors = 'none' | 'self' | '*' | readonly string[];

const everywhere = {
  // Whether a host is to be HTTPS for ever is for whoever runs its TLS to say; sent by us it would outlive a trial.
  strictTransportSecurity: false,
  // Only pages that share memory need these; on plain HTTP browsers ignore them with a warning in the console.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // Named in the contract nowhere, and Express's own name is nobody's business.
  xPoweredBy: true,
} satisfies HelmetOptions;

/** For JSON, problems, feeds and streams: nothing in them may be run, framed or guessed to be something else. */
export function apiHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    // An answer of the API is no page. Helmet's default would permit scripts and frames of its own origin.
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
    xFrameOptions: { action: 'deny' },
  });
}

/** For pages made by the server, in place of what `apiHeaders` set. Scripts and styles come from files of this server only: a script in a post would not run. */
export function pageHeaders({ frameAncestors = 'self' }: { frameAncestors?: FrameAncestors } = {}): RequestHandler {
  return reporting({
    ...everywhere,
    contentSecurityPolicy: {
      // Helmet's defaults hold `upgrade-insecure-requests`, which on plain HTTP turns every script and style into a failed HTTPS request.
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'font-src': ["'self'"],
        // Pictures and videos of posts lie anywhere on the web.
        'img-src': ["'self'", 'https:', 'data:'],
        'media-src': ["'self'", 'https:'],
        // Covers the WebSocket of the same host as well.
        'connect-src': ["'self'"],
        'manifest-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ancestors(frameAncestors),
        // Markup gets into a page by the one policy of ours alone.
        'require-trusted-types-for': ["'script'"],
        'trusted-types': ['pressbox'],
      },
    },
    // The older header can say only these two; where a page may be framed by others, the policy above is what counts.
    xFrameOptions: frameAncestors === 'none' ? { action: 'deny' } : frameAncestors === 'self' ? { action: 'sameorigin' } : false,
    // Newsrooms and those they link to want to see where readers come from; the path stays private.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  });
}

/** Breaches of the policy of pages are told to this address by browsers, of whatever this app answers. */
export function reportViolationsTo(app: Express, address: string | undefined): void {
  app.locals.breachesTo = address;
}

function reporting(options: HelmetOptions): RequestHandler {
  const usual = fixed(options);
  return (request, response, next) => {
    usual(request, response, () => {
      const { breachesTo } = response.app.locals;
      if (breachesTo !== undefined) {
        // The older directive for browsers that do not know the newer one, which goes by the header.
        const policy = String(response.getHeader('Content-Security-Policy'));
        response.setHeader('Content-Security-Policy', `${policy};report-uri ${breachesTo};report-to breaches`);
        response.setHeader('Reporting-Endpoints', `breaches="${breachesTo}"`);
      }
      next();
    });
  };
}

/** For scripts and styles that pages elsewhere load, such as the embedded element. */
export function assetHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"] } },
    // The default keeps a browser from using the file in a page of another site, which is what it is for.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}

/** What helmet sets is the same for every answer, so it is asked once. */
function fixed(options: HelmetOptions): RequestHandler {
  const headers: [string, string][] = [];
  const response = {
    setHeader: (name: string, value: string) => void headers.push([name, value]),
    removeHeader: () => undefined,
  } as unknown as ServerResponse;
  helmet(options)({} as IncomingMessage, response, (error) => {
    if (error !== undefined) throw error;
  });
  return (_request, response, next) => {
    // What was set for every answer stays no longer than it is wanted.
    if (options.xFrameOptions === false) response.removeHeader('X-Frame-Options');
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

function ancestors(who: FrameAncestors): string[] {
  if (who === '*') return ['*'];
  if (who === 'none' || who === 'self') return [`'${who}'`];
  return ["'self'", ...who];
}
