// Bundles the browser files into dist/web/, under hashed names so that browsers can cache them for ever, and writes a manifest of
// the names.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { litSubset } from './lit-subset.mjs';
import { replace } from './replace.mjs';

/** The scripts that show a channel. */
const shows = ['page/live.ts', 'element/embed.ts'];
/**
 * The files that these scripts load only when a reader needs them, by name. Each contains everything that it imports, so that it
 * takes one request and adds nothing to the scripts that load it.
 */
const onDemand = {
  ...Object.fromEntries(['ar', 'de', 'es', 'fr'].map((language) => [`words-${language}`, `i18n/${language}.ts`])),
  admission: 'element/admission.ts',
  'corrections-list': 'element/corrections-list.ts',
  'copy-selected': 'page/copy-selected.ts',
  'missed-changes': 'page/missed-changes.ts',
  'opened-media': 'opened-media/opened-media.ts',
};
/** The letters of the short names. x, y and z are left out, because the DOM uses these names for coordinates. */
const letters = 'abcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ';
const shortName = (at) => letters[at % letters.length] + (letters[Math.floor(at / letters.length) - 1] ?? '');
/**
 * Fields, methods, words and names of Lit that are used only inside the scripts, and never by a string. The most frequent names
 * come first and get one letter. Shortening them saves each reader hundreds of bytes. What a part exports keeps its name.
 */
const shortened = [
  'timeline|setting|element|callbacks|place|missed|sentence|decorate|failures|heard|onEvent|whole|paging|summaryDoubt',
  'trying|newestSeq|scroller|trueAt|unavailableReason|keyEventsDoubt|taken|active|render|available|moveTo',
  'notices|persistence|roundAt|announce|askedMs|named|waiting|asking|candidate|isAbove|comma|rounds|unanswered|untried',
  'checkSeen|server|changed|excess|nextAt|reveal|timeoutMs|betterAt|newsChanged|preserveScroll|goToUnseen|client|reflect|finalize|wrapped|onConnection|postCount|lastUpdated|arrival|pauseUpdates|resumeUpdates|postText|maxMs',
  'narrow|onScroll|onState|preservingScroll|remembered|renderInZone|requestUpdate|revealNext|waitMs|dial|locate',
  'renderAround|betterRounds|colon|earlierVersions|initialMs|publicChannel|restarts|converter|forget|giveUp|onReturn',
  'restore|cursorHistory|isUpdatePending|markSeen|noStore|preset|renderRoot|trimPosts|activity|elementOf|hasUpdated',
  'loadNewer|loadOlder|notBefore|silentMs|startFrom|summaryId|triedBetterAt|announceInstead|applyTo|beganAt|betterFirstMs',
  'canRenewToken|createRenderRoot|fromAttribute|isAtNewest|linkCopied|nothingOlder|ofPost|onError|storySoFar|upAt|abandon',
  'anyWindow|begins|coverageTime|enableUpdating|extend|forgetChannel|getPropertyOptions|howLongAgo|inChosenZone|isEmpty',
  'isUp|linkNotCopied|markUp|moveToPost|newPosts|nothingAtAll|nothingYet|openResponse|ownTime|reconnecting',
  'retryBetterMs|saidNewer|saidOlder|shortDay|showAll|showCounts|sinceYouLeft|toAttribute|upToDate|useDefault',
  'wakeMs|whileOffline|willUpdate|aPost|asItHappened|clockBeside|confirmToken|connecting|connectingFirst|copyLink|createProperty',
  'drawnFrom|finalizeStyles|firstUpdated|getUpdateComplete|hasChanged|headStartMs|heldBack|heldUp|hostConnected',
  'isCatchingUp|isFirst|lastHeardAt|listSetting|maxEarlyLosses|maxUnanswered|olderFailed|onMissed|onReopen|onUnsubscribed',
  'openAtMarked|openPage|performUpdate|postNumber|postOf|provenMs|reads|reconnect|reconnectWithFreshToken',
  'saidClarified|saidCorrected|saidNew|saidNewNamed|saidRemoved|saidRetracted|scheduleUpdate|seeChange|seqOf|setDefault',
  'shadowRootOptions|steadyMs|strictCursor|unavailableReasonOf|updateComplete|verdict|watchVideo|addController',
  'addInitializer|hostDisconnected|hostUpdate|hostUpdated|noAccessor|removeController|readAfter|newerPosts|olderPosts',
  'newestPosts|hasOlder|isBusy|elementStyles|asOf|isInView|showEmbed|inGallery|priority|catchUp|isWaiting|onDown|onWake|onUp',
  'onVisible|onToggle|overview|isPaused|onPause|datedText|counted|joined|basePath|unseen',
]
  .join('|')
  .split('|');
export const mangledNames = new RegExp(`^(?:${shortened.join('|')})$`);
/** This file is served under a short name, outside the folder of the other files. */
const element = 'embed.js';
/** Other files that pages refer to by name. */
const entries = [
  'styles/live.css',
  'styles/print.css',
  'page/channel-list.ts',
  'page/follow-post.ts',
  'page/keep-session.ts',
  'element/frame.ts',
  'element/frame.css',
  'styles/site.css',
  'styles/docs.css',
  'styles/brand.css',
];

const targetIn = (root) => join(root, 'dist', 'web');

/** Bundles in memory, with the list of inputs of each bundle. `shrink` makes a script smaller. */
export async function bundle(esbuild, root, shrink) {
  return [
    ...(await bundlePages(esbuild, root, shrink ?? minifiedTwice)),
    ...(await bundleDesk(esbuild, root, shrink ?? minified)).bundles,
  ];
}

async function bundlePages(esbuild, root, shrink) {
  const source = join(root, 'client', 'browser');
  const build = async (entryPoints, plugins = []) => {
    const built = await esbuild.build({
      absWorkingDir: root,
      metafile: true,
      outdir: targetIn(root),
      entryPoints: entryPoints.map((path) => (typeof path === 'string' ? join(source, path) : path)),
      entryNames: '[name]',
      bundle: true,
      minify: true,
      write: false,
      platform: 'browser',
      format: 'esm',
      target: 'es2022',
      // The licences of the dependencies require this.
      legalComments: 'inline',
      logLevel: 'warning',
      charset: 'utf8',
      mangleProps: mangledNames,
      // The same in every file, because a script passes objects to the files that it loads.
      mangleCache: Object.fromEntries(shortened.map((name, at) => [name, shortName(at)])),
      // The comments in these files say why.
      alias: {
        'socket.io-client': join(source, 'socket-io.ts'),
        'eventsource-parser': join(source, 'event-stream.ts'),
      },
      plugins,
    });
    const files = built.outputFiles.map(async ({ path, contents }) => ({
      name: basename(path),
      contents: extname(path) === '.js' ? await shrink(contents) : contents,
    }));
    return { metafile: built.metafile, files: await Promise.all(files) };
  };
  const parts = await build(
    Object.entries(onDemand).map(([name, path]) => ({ in: join(source, path), out: name })),
    [sheetAsText(esbuild, 'var(--unit,1rem)')],
  );
  const partAt = new Map(
    Object.entries(onDemand).map(([name, path]) => {
      const { contents } = parts.files.find((file) => file.name === `${name}.js`);
      return [join(source, path), hashedName(`${name}.js`, contents)];
    }),
  );
  return await Promise.all([
    parts,
    build(entries),
    ...shows.map((name) => {
      const folder = basename(name, '.ts') === basename(element, '.js') ? './assets/' : './';
      return build(
        [name],
        [loadedParts(partAt, folder), oneLanguage(source), litSubset, noTemplates, noStyles, sheetAsText(esbuild)],
      );
    }),
  ]);
}

/**
 * Bundles the page for authors. It passes no objects to the scripts above, so its names are not shortened. What it loads only after
 * a press, and what several of its files share, becomes files named `desk-….js`.
 */
async function bundleDesk(esbuild, root, shrink) {
  const source = join(root, 'client', 'browser');
  const build = async (entryPoints, options = {}) => {
    const built = await esbuild.build({
      absWorkingDir: root,
      metafile: true,
      outdir: targetIn(root),
      entryPoints,
      entryNames: '[name]',
      chunkNames: 'desk-[hash]',
      bundle: true,
      minify: true,
      write: false,
      platform: 'browser',
      format: 'esm',
      target: 'es2022',
      legalComments: 'eof',
      logLevel: 'warning',
      charset: 'utf8',
      alias: {
        'socket.io-client': join(source, 'socket-io.ts'),
        'eventsource-parser': join(source, 'event-stream.ts'),
      },
      ...options,
    });
    const files = built.outputFiles.map(async ({ path, contents }) => ({
      name: basename(path),
      contents: extname(path) === '.js' ? await shrink(contents) : contents,
    }));
    return { metafile: built.metafile, files: await Promise.all(files) };
  };
  const scaling = await build([join(source, 'desk', 'pictures', 'scaling', 'scaling-worker.ts')]);
  const [{ name, contents }] = scaling.files;
  const scalingWorkerUrl = `/assets/${hashedName(name, contents)}`;
  const desk = await build([join(source, 'desk', 'desk.ts'), join(source, 'desk', 'styles', 'desk.css')], {
    splitting: true,
    define: { scalingWorkerUrl: JSON.stringify(scalingWorkerUrl) },
    plugins: [deskPolicy(source), noDefaultMarkdown, sheetAsText(esbuild)],
  });
  // A chunk has its hash in its name already, by which the other files import it.
  for (const file of desk.files) file.served = isChunk(file.name) ? file.name : hashedName(file.name, file.contents);
  const addresses = [scalingWorkerUrl, ...desk.files.map(({ served }) => `/assets/${served}`)];
  const worker = await build([join(source, 'desk', 'app', 'service-worker.ts')], {
    define: { builtFiles: JSON.stringify(addresses.sort()) },
  });
  return { bundles: [scaling, desk, worker], needed: neededBy('desk.js', desk.metafile) };
}

const isChunk = (name) => /^desk-\w+\.js$/.test(name);

/** The chunks that a script imports before it runs, directly or not. */
function neededBy(name, { outputs }) {
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const found = new Set();
  const walk = (file) => {
    for (const { path, kind } of byName.get(file)?.imports ?? []) {
      const next = basename(path);
      if (kind !== 'import-statement' || found.has(next)) continue;
      found.add(next);
      walk(next);
    }
  };
  walk(name);
  return [...found].sort();
}

/**
 * Minifies a script with terser, which makes it about three per cent smaller (compressed) than esbuild alone. Further passes over the
 * desk take most of the time of a build and save two thousandths.
 */
async function minified(contents, compress = {}) {
  const { minify } = await import('terser');
  // A constant compresses better on the side of a comparison where it was written.
  const options = { module: true, ecma: 2022, compress: { lhs_constants: false, ...compress } };
  return Buffer.from((await minify(Buffer.from(contents).toString(), options)).code);
}

/**
 * For the scripts of readers, in which no function expression is a constructor. The second run finds what the first has made
 * possible.
 */
async function minifiedTwice(contents) {
  const compress = { passes: 3, unsafe_arrows: true, keep_fargs: false };
  return await minified(await minified(contents, compress), compress);
}

function hashedName(name, contents) {
  const hash = createHash('sha256').update(contents).digest('base64url').slice(0, 12);
  const extension = extname(name);
  return `${basename(name, extension)}.${hash}${extension}`;
}

export async function buildPages(esbuild, root) {
  const target = targetIn(root);
  const desk = await bundleDesk(esbuild, root, minified);
  const built = [...(await bundlePages(esbuild, root, minifiedTwice)), ...desk.bundles];

  const manifest = {};
  const put = async (name, contents) => {
    manifest[name] = isChunk(name) ? name : hashedName(name, contents);
    await replace(join(target, manifest[name]), contents);
  };
  for (const { name, contents } of built.flatMap(({ files }) => files)) await put(name, contents);
  // The element has its own copy in its script. This one is for fragments, which come before the script.
  await put(
    'element.css',
    Buffer.from(await sheetText(esbuild, join(root, 'client', 'browser', 'element', 'embed.css'), 'var(--unit)')),
  );
  await put('desk-icon.svg', await readFile(join(root, 'client', 'browser', 'desk', 'app', 'desk-icon.svg')));
  // The posts of the demo use the hashed names of the pictures, which the server serves beside its scripts.
  const pictures = join(root, 'demo', 'pictures');
  for (const name of await readdir(pictures)) await put(`demo-${name}`, await readFile(join(pictures, name)));
  // The manifest is written after the files that it names, and before the files of the last build are removed.
  await replace(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await replace(join(target, 'desk.json'), `${JSON.stringify(desk.needed)}\n`);
  const kept = new Set(['manifest.json', 'desk.json', ...Object.values(manifest)]);
  for (const name of await readdir(target)) {
    if (!kept.has(name) && !name.startsWith('.')) await rm(join(target, name), { recursive: true, force: true });
  }
  console.log(`build: ${Object.keys(manifest).join(', ')} → dist/web`);
}

/** Loads a part by its address when the script asks for it. The element's script is served one folder above the parts. */
function loadedParts(partAt, folder) {
  return {
    name: 'loaded-parts',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
        const part = kind === 'dynamic-import' ? partAt.get(join(resolveDir, path)) : undefined;
        return part === undefined ? undefined : { path: `${folder}${part}`, external: true };
      });
    },
  };
}

/** Drops the schema, the parser and the serializer that ProseMirror offers for plain Markdown. The desk has its own. */
const noDefaultMarkdown = {
  name: 'no-default-markdown',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]prosemirror-markdown[\\/]dist[\\/]index\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return {
        contents: text.replace(/\bnew (?:Schema|MarkdownParser|MarkdownSerializer)\(|\bMarkdownIt\(/g, '/* @__PURE__ */ $&'),
      };
    });
  },
};

/** Replaces `trusted-html.ts` with the policy of the desk, which may also name the address of its service worker. */
function deskPolicy(source) {
  return {
    name: 'desk-policy',
    setup({ onResolve }) {
      onResolve({ filter: /[\\/]trusted-html\.ts$/ }, () => ({ path: join(source, 'desk', 'app', 'trusted-types.ts') }));
    },
  };
}

/** Bundles English, and loads another language for a page that needs it: replaces `i18n/index.ts` with `i18n/loaded.ts`. */
function oneLanguage(source) {
  return {
    name: 'one-language',
    setup({ onResolve }) {
      onResolve({ filter: /[\\/]i18n[\\/]index\.ts$/ }, () => ({ path: join(source, 'i18n', 'loaded.ts') }));
    },
  };
}

/** Drops Lit's templates. The element uses Lit for its lifecycle only, and draws its content like pages do. */
const noTemplates = {
  name: 'no-templates',
  setup(build) {
    build.onResolve({ filter: /^lit-(?:html|element)\b/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (pluginData === noTemplates) return undefined;
      const resolved = await build.resolve(path, { resolveDir, kind, pluginData: noTemplates });
      return { ...resolved, sideEffects: false };
    });
  },
};

/** Drops Lit's style support. `element/style-sheets.ts` adopts style sheets in whatever document the element is in. */
const noStyles = {
  name: 'no-styles',
  setup({ onLoad }) {
    const names = 'adoptStyles, getCompatibleStyle, CSSResult, css, supportsAdoptingStyleSheets, unsafeCSS';
    onLoad({ filter: /[\\/]css-tag\.js$/ }, () => ({ contents: `export let ${names};` }));
  },
};

/**
 * Turns an imported style sheet into a text, from which the script constructs a sheet. `unit` replaces `rem`, for what pages and the
 * element load: the element has a unit of its own.
 */
function sheetAsText(esbuild, unit) {
  return {
    name: 'sheet-as-text',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /\.css$/ }, ({ path, resolveDir, kind }) =>
        kind === 'import-statement' ? { path: join(resolveDir, path), namespace: 'sheet' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'sheet' }, async ({ path }) => {
        return { contents: await sheetText(esbuild, path, unit), loader: 'text' };
      });
    },
  };
}

/** `unit`: replaces `rem`. Only `max(1rem, …)` stays, which defines the unit of the element. */
async function sheetText(esbuild, path, unit = '1rem') {
  const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, minify: true, write: false });
  const [{ text }] = outputFiles;
  return unit === '1rem' ? text : text.replace(/(?<![\w-]|max\()(-?[\d.]+)rem\b/g, `calc($1*${unit})`);
}
