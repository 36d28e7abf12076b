import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Express, RequestHandler } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

/**
 * Security headers, set per route. Helmet's defaults fit a site on HTTPS that is never embedded. They break plain HTTP on a local
 * network, pictures in posts, and embedding. Each change of a default has its reason.
 */

/** Pictures of posts may be anywhere on the web. */
const pictureSources = ["'self'", 'https:', 'data:'];

/** The sites that may frame a page: none, this server, all, or these origins. */
export type FrameAncestors = 'none' | 'self' | '*' | readonly string[];

const everywhere = {
  // The operator of TLS decides this. Browsers remember the header, so it would outlast a trial of Pressbox.
  strictTransportSecurity: false,
  // Only pages that share memory need these two headers. On plain HTTP, browsers ignore them with a warning.
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  // Removes Express's header, which would only reveal the framework.
  xPoweredBy: true,
} satisfies HelmetOptions;

/** For JSON, problems, feeds and streams: the content must not be executed, framed or sniffed. */
export function apiHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    // A response of the API is not a page. Helmet's default would allow scripts and frames of the same origin.
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] } },
    xFrameOptions: { action: 'deny' },
  });
}

/**
 * For pages, instead of the headers of `apiHeaders`. Scripts and styles are loaded from files of this server only, so a script in
 * a post would not run.
 */
export function pageHeaders({
  frameAncestors = 'self',
  sources = [],
  embedHosts = [],
}: {
  frameAncestors?: FrameAncestors;
  /** Origins whose scripts the page loads, for audience measurement and consent. */
  sources?: readonly string[];
  /** Hosts of posts on other sites that a reader may open in a frame. */
  embedHosts?: readonly string[];
} = {}): RequestHandler {
  const frames = [...sources, ...embedHosts.map((host) => `https://${host}`)];
  return reporting(pageOptions({ frameAncestors, sources, frames, policies: ['pressbox'] }));
}

/**
 * For the desk, the page for authors. Its templates and its editor have a Trusted Types policy each, and there is no default policy.
 * No page may frame it, so nobody can be led to press its buttons.
 */
export function deskHeaders(): RequestHandler {
  const policies = ['pressbox', 'lit-html', 'ProseMirrorClipboard'];
  const more = {
    'worker-src': ["'self'"],
    // The preview of a picture that is not uploaded yet.
    'img-src': [...pictureSources, 'blob:'],
  };
  return reporting(pageOptions({ frameAncestors: 'none', sources: [], frames: [], policies, more }));
}

/** `policies`: the names of the Trusted Types policies that may insert markup. */
function pageOptions({
  frameAncestors,
  sources,
  frames,
  policies,
  more = {},
}: {
  frameAncestors: FrameAncestors;
  sources: readonly string[];
  /** Origins whose pages may be in a frame. */
  frames: readonly string[];
  policies: readonly string[];
  more?: Record<string, string[]>;
}): HelmetOptions {
  return {
    ...everywhere,
    contentSecurityPolicy: {
      // Helmet's defaults contain `upgrade-insecure-requests`, which on plain HTTP turns every script and style into a failing
      // HTTPS request.
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'", ...sources],
        'style-src': ["'self'"],
        'font-src': ["'self'"],
        'img-src': pictureSources,
        'media-src': ["'self'", 'https:'],
        // Includes the WebSocket of the same host.
        'connect-src': ["'self'", ...sources],
        ...(frames.length > 0 && { 'frame-src': [...frames] }),
        'manifest-src': ["'self'"],
        ...more,
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ancestors(frameAncestors),
        // Only these Trusted Types policies may insert markup. Scripts for audience measurement and consent insert further scripts
        // without a policy, so pages with such scripts cannot require one.
        ...(sources.length === 0 && { 'require-trusted-types-for': ["'script'"], 'trusted-types': [...policies] }),
      },
    },
    // `X-Frame-Options` supports only these two values. If other sites may frame the page, only `frame-ancestors` above applies.
    xFrameOptions: frameAncestors === 'none' ? { action: 'deny' } : frameAncestors === 'self' ? { action: 'sameorigin' } : false,
    // Newsrooms and the sites that they link to want to know where readers come from. The path stays private.
    referrerPolicy: { policy: 'strict-origin-when-cross-origin' },
  };
}

/** Makes browsers report violations of the content security policy to this address, for all responses of this app. */
export function reportViolationsTo(app: Express, address: string | undefined): void {
  app.locals.breachesTo = address;
}

function reporting(options: HelmetOptions): RequestHandler {
  const usual = fixed(options);
  return (request, response, next) => {
    usual(request, response, () => {
      const { breachesTo } = response.app.locals;
      if (breachesTo !== undefined) {
        // `report-uri` is for older browsers. Newer ones use `report-to` with the header below.
        const policy = String(response.getHeader('Content-Security-Policy'));
        response.setHeader('Content-Security-Policy', `${policy};report-uri ${breachesTo};report-to breaches`);
        response.setHeader('Reporting-Endpoints', `breaches="${breachesTo}"`);
      }
      next();
    });
  };
}

/**
 * For files of a brand. A picture that is opened by itself is a document, so it gets a policy under which nothing in it runs or loads.
 * Its own style may still select colours for the dark scheme.
 */
export function brandHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'style-src': ["'unsafe-inline'"], sandbox: [] },
    },
    // Programs that read feeds show the logo on pages of other sites.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}

/** For uploaded files, which other sites show. A file that is opened by itself is a document in which nothing runs or loads. */
export function mediaHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"], sandbox: [] } },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}

/** For scripts and styles that other sites load, such as the embedded element. */
export function assetHeaders(): RequestHandler {
  return fixed({
    ...everywhere,
    contentSecurityPolicy: { useDefaults: false, directives: { 'default-src': ["'none'"] } },
    // The file is made for pages of other sites, and with Helmet's default browsers would not let them use it.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
}

/** Helmet sets the same headers for every response, so they are computed once. */
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
    // `apiHeaders` has set this header for every response.
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
