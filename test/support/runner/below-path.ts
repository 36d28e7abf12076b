/** How existing tests run below a base path, unchanged: which of them behind nginx, and which attached to a server of Express. */
export const testedPath = '/news/live';

export const behindNginx = ['test/browser/**/*.test.ts'];
export const inExpress = ['test/server/**/*.test.ts', 'test/hostile/**/*.test.ts'];

/** The files of every check. The nightly run has all of them. */
export const fewBelowPath = {
  nginx: ['test/browser/smoke/chromium.test.ts'],
  express: ['test/server/pages/*.test.ts', 'test/server/access/sign-in*.test.ts'],
};

const ownProcess = 'starts its servers as processes, which no other program can hold';
const ownLimits = 'tests the time limits of the HTTP server of Pressbox itself';
const ownPort = 'sends malformed or slow requests, which the HTTP server of Pressbox itself has to refuse';

/** Files that run below the path at the server's own port, with the reason. */
export const atOwnPort = {
  'test/hostile/addresses.test.ts': ownPort,
  'test/hostile/attack.test.ts': ownPort,
  'test/hostile/bodies.test.ts': ownPort,
  'test/hostile/cookies.test.ts': ownPort,
  'test/hostile/crowded.test.ts': ownPort,
  'test/hostile/requests.test.ts': ownPort,
  'test/server/http/limits.test.ts': ownPort,
  'test/server/authors/upload-latency.test.ts': ownProcess,
  'test/server/promises/crash.test.ts': ownProcess,
  'test/server/promises/media-erasure.test.ts': ownProcess,
  'test/server/promises/power.test.ts': ownProcess,
  'test/server/readers/narrow-links.test.ts': ownLimits,
  'test/server/sockets/moved-engine-io.test.ts': ownProcess,
  'test/server/transfers/backup.test.ts': ownProcess,
  'test/browser/desk/outbox/outbox.test.ts': ownProcess,
  'test/browser/desk/outbox/outbox-runs.test.ts': ownProcess,
  'test/browser/desk/runs/desk-runs.test.ts': ownProcess,
};

const ownPath = 'chooses a base path of its own';
const noServer = 'tests a part of the desk on a page of its own, without a server';
const commandsOfPage = 'runs the commands of a page of the docs, which start a server at the root of a port';

/** Files that do not run below a base path, with the reason. */
export const notBelowPath = {
  'test/browser/base-path.test.ts': ownPath,
  'test/server/http/base-path.test.ts': ownPath,
  'test/server/http/attach.test.ts': ownPath,
  'test/server/docs/base-path.test.ts': ownPath,
  'test/server/docs/branding.test.ts': commandsOfPage,
  'test/server/docs/moving.test.ts': commandsOfPage,
  'test/server/docs/operating*.test.ts': commandsOfPage,
  'test/server/docs/publishing.test.ts': commandsOfPage,
  'test/server/docs/readme.test.ts': commandsOfPage,
  'test/server/docs/tutorial.test.ts': commandsOfPage,
  'test/server/docs/bench.test.ts': 'measures a server that it starts at the root of a port',
  'test/server/docs/dashboard.test.ts': 'reads metrics, which are at the root of the port as well',
  'test/server/docs/proxies.test.ts': 'starts the proxies of a page of the docs, which pass on a whole host',
  'test/server/deploy/*.test.ts': 'check the files in deploy/, which are for a whole host',
  'test/server/nodes/*.test.ts': 'test what servers on one store tell each other, which has no addresses',
  'test/hostile/slow.test.ts': 'tests the HTTP server of Pressbox, without its routes',
  'test/server/authors/deleted-channels.test.ts': 'tests the store, without HTTP',
  'test/server/authors/outage.test.ts': 'tests the store, without HTTP',
  'test/browser/desk/editor.test.ts': noServer,
  'test/browser/desk/input-methods.test.ts': noServer,
  'test/browser/desk/paste.test.ts': noServer,
  'test/browser/desk/pictures/cropping.test.ts': noServer,
  'test/browser/desk/pictures/scaling.test.ts': noServer,
  'test/browser/page/picture.test.ts': 'tests a script that draws a picture of the page',
};
