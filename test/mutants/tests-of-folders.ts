/**
 * Which tests notice a bug in which folder. Imports do not show it: many tests start servers, or load scripts that were bundled.
 * A row has files and folders below `test/`. Each folder of the product with TypeScript files of its own has a row.
 */
const readers = ['server/readers', 'server/promises'];
const authors = ['server/authors', 'server/promises'];
const transfers = ['server/transfers', 'server/command'];
const engines = ['unit/journal', 'engine', 'model'];
const pages = ['unit/web', 'server/pages', 'server/docs'];
const stateOfReaders = ['unit/client', 'model', 'server/readers'];
const writing = [
  'browser/desk/composer.test.ts',
  'browser/desk/first-post.test.ts',
  'browser/desk/timeline.test.ts',
  'browser/desk/toolbar.test.ts',
];
const rooms = [
  'browser/smoke/chromium.test.ts',
  'browser/desk/shell.test.ts',
  'browser/desk/offline.test.ts',
  'browser/desk/sign-in.test.ts',
  'browser/desk/session-end.test.ts',
  'browser/desk/coverages.test.ts',
  'browser/desk/presses.test.ts',
  'browser/desk/still-controls.test.ts',
  'browser/desk/missing-part.test.ts',
  'browser/desk/unprotected.test.ts',
];
const editor = [
  'browser/desk/editor.test.ts',
  'browser/desk/input-methods.test.ts',
  'browser/desk/paste.test.ts',
  'browser/desk/toolbar.test.ts',
  'unit/client/desk/open-body.test.ts',
];
const deskRules = 'unit/client/desk';

export const testsOfFolders: Readonly<Record<string, readonly string[]>> = {
  src: ['unit/operations', 'server/command', 'server/deploy', 'server/http', 'server/nodes'],
  'src/access': ['unit/access', 'hostile', 'server/access', 'server/nodes', 'server/authors/rights.test.ts'],
  'src/api': ['unit/api', 'hostile', ...authors, 'server/readers', 'server/transfers', 'server/access'],
  'src/apidocs': ['unit/protocol', 'unit/repository', 'unit/web', 'hostile/schemas.test.ts', 'server/docs'],
  'src/http': ['unit/http', 'hostile', 'server/http', 'server/access', 'server/readers', 'server/deploy'],
  'src/journal': [...engines, 'server/transfers', 'server/promises'],
  'src/journal/losses': ['unit/journal', 'server/nodes/histories.test.ts'],
  'src/journal/migrate': ['unit/journal', 'engine/migrate', 'server/transfers'],
  'src/journal/redis': [...engines, 'server/promises', 'server/nodes', 'server/readers', 'server/authors'],
  'src/journal/redis/connection': [...engines, 'server/promises', 'server/nodes', 'long'],
  'src/journal/redis/erasure': [...engines, 'server/promises', 'server/nodes'],
  'src/journal/redis/migrate': [...engines, 'server/transfers'],
  'src/journal/redis/repair': [...engines, 'server/nodes', 'server/command'],
  'src/journal/sqlite': [...engines, 'server/promises', 'server/transfers', 'server/authors'],
  'src/journal/sqlite/migrate': [...engines, 'server/transfers'],
  'src/live': ['unit/live', 'unit/streams', 'hostile', ...readers, 'server/sockets', 'model'],
  'src/live/socket': ['unit/live', 'hostile', 'server/sockets', ...readers, 'model/whole.test.ts'],
  'src/markdown': ['unit/markdown', 'unit/newsroom', 'unit/web', 'hostile/text.test.ts', 'server/authors'],
  'src/media': [
    'unit/media',
    'engine/media',
    'server/promises',
    'server/authors',
    'server/transfers',
    'server/nodes/shared-media.test.ts',
    'server/nodes/media-histories.test.ts',
  ],
  'src/newsroom': ['unit/newsroom', 'model', ...authors, 'server/transfers', 'server/access'],
  'src/protocol': ['unit/protocol', 'unit/client', 'unit/newsroom', 'hostile', 'model', ...authors, 'server/readers'],
  'src/protocol/embeds': ['unit/protocol', 'unit/web', 'hostile/pages.test.ts', 'server/authors', 'server/pages'],
  'src/streams': ['unit/streams', 'unit/live', 'model', ...readers, 'server/nodes', 'server/sockets'],
  'src/telemetry': ['unit/operations', 'unit/http', 'server/http', 'server/nodes', 'server/docs'],
  'src/web': [...pages, 'hostile', 'server/access', 'server/http', 'server/readers', 'browser/page'],
  'src/web/brand': [...pages, 'server/nodes/brand-renewal.test.ts', 'browser/page/brands.test.ts'],
  'src/web/corrections': [...pages, 'browser/element/corrections-view.test.ts', 'browser/page/live-page.test.ts'],
  'src/web/feeds': [...pages, 'server/access', 'hostile/pages.test.ts'],
  'src/web/page-data': [...pages, 'server/access', 'server/nodes/front-page-load.test.ts', 'browser/page'],
  'src/web/pages': [...pages, 'server/access', 'hostile/pages.test.ts', 'browser/page', 'browser/docs-embed.test.ts'],
  'src/workers': ['unit/operations', 'server/nodes', 'server/command/serve.test.ts'],

  'client/browser': [...stateOfReaders, 'unit/web', 'browser/page', 'browser/element', 'browser/chromium.test.ts'],
  'client/browser/desk': [deskRules, ...rooms, ...writing],
  'client/browser/desk/app': [deskRules, ...rooms, ...writing, 'browser/desk/looks.test.ts'],
  'client/browser/desk/changes': [deskRules, 'browser/desk/changes', 'browser/desk/restatements.test.ts', ...writing],
  'client/browser/desk/composer': [deskRules, ...writing, ...editor, 'browser/desk/outbox', 'browser/desk/pictures'],
  'client/browser/desk/coverages': [
    deskRules,
    ...rooms,
    'browser/desk/changes',
    'browser/desk/pictures/coverage-picture.test.ts',
  ],
  'client/browser/desk/drafts': [deskRules, ...writing, ...rooms, 'browser/desk/outbox', 'browser/desk/runs'],
  'client/browser/desk/editor': [deskRules, ...editor, ...writing],
  'client/browser/desk/editor/markdown': [deskRules, ...editor, ...writing],
  'client/browser/desk/editor/paste': [deskRules, ...editor, ...writing],
  'client/browser/desk/i18n': [deskRules, 'unit/web/words.test.ts', ...writing, ...rooms],
  'client/browser/desk/i18n/app': [deskRules, 'unit/web/words.test.ts', ...rooms],
  'client/browser/desk/i18n/changes': [deskRules, 'unit/web/words.test.ts', 'browser/desk/changes'],
  'client/browser/desk/i18n/composer': [deskRules, 'unit/web/words.test.ts', ...writing, ...editor],
  'client/browser/desk/i18n/outbox': [deskRules, 'unit/web/words.test.ts', 'browser/desk/outbox', ...writing],
  'client/browser/desk/i18n/timeline': [deskRules, 'unit/web/words.test.ts', ...writing],
  'client/browser/desk/outbox': [
    deskRules,
    'browser/desk/outbox',
    'browser/desk/offline.test.ts',
    'browser/desk/runs',
    'browser/desk/changes',
    ...writing,
    'server/authors/outbox-lookup.test.ts',
  ],
  'client/browser/desk/pictures': [deskRules, 'browser/desk/pictures', ...writing],
  'client/browser/desk/pictures/cropping': [deskRules, 'browser/desk/pictures'],
  'client/browser/desk/pictures/scaling': [deskRules, 'browser/desk/pictures'],
  'client/browser/desk/pictures/uploads': [deskRules, 'browser/desk/pictures', 'browser/desk/outbox'],
  'client/browser/desk/restatements': [
    deskRules,
    'browser/desk/restatements.test.ts',
    'browser/desk/restatements-firefox.test.ts',
    'browser/desk/changes',
    ...writing,
  ],
  'client/browser/desk/session': [deskRules, ...rooms, 'server/pages/desk.test.ts'],
  'client/browser/desk/timeline': [deskRules, ...writing, 'browser/desk/changes', 'browser/desk/outbox'],
  'client/browser/element': ['unit/client', 'unit/web', 'browser/element', 'browser/page', 'server/pages/embed.test.ts'],
  'client/browser/i18n': ['unit/web', 'server/pages', 'browser/page/page-words.test.ts', 'browser/page/live-page.test.ts'],
  'client/browser/opened-media': ['browser/page/media.test.ts', 'browser/page/picture.test.ts', 'browser/element'],
  'client/browser/page': [
    'browser/smoke/chromium.test.ts',
    'unit/client',
    'unit/web',
    'browser/page',
    'browser/chromium.test.ts',
    'browser/firefox.test.ts',
  ],
  'client/browser/view': ['unit/web', 'server/pages', 'browser/page', 'browser/element'],
  'client/browser/view/page': ['unit/web', 'server/pages', 'browser/page', 'browser/element'],
  'client/browser/view/post': ['unit/web', 'server/pages', 'browser/page', 'browser/element', 'browser/desk/timeline.test.ts'],
  'client/browser/view/wording': ['unit/web', 'server/pages', 'browser/page', 'browser/element'],
  'client/cli': ['unit/client', ...transfers, 'server/docs', 'package'],
  'client/cli/commands': ['unit/client', ...transfers, 'server/docs', 'package'],
  'client/cli/commands/archive': ['unit/client', 'server/transfers/archive.test.ts', 'server/command'],
  'client/lib': [
    ...stateOfReaders,
    'server/authors/author-client.test.ts',
    'server/docs/clients.test.ts',
    'package/client.test.ts',
  ],
  'client/lib/timeline': [...stateOfReaders, 'browser/page', 'browser/element'],
  'client/lib/transports': [...stateOfReaders, 'browser/page/fallback.test.ts', 'server/docs/proxies.test.ts'],
};

/** Projects that run the tests of these folders in another setting. */
export const otherSettings: Readonly<Record<string, readonly string[]>> = {
  'src/journal/redis': ['server on redis', 'server on valkey'],
  'src/http': ['behind nginx', 'in Express'],
};

/** The row of a file of the product. */
export function testsOf(file: string): readonly string[] {
  const tests = testsOfFolders[folderOf(file)];
  if (tests === undefined) throw new Error(`test/mutants/tests-of-folders.ts has no row for ${folderOf(file)}.`);
  return tests;
}

export function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/'));
}
