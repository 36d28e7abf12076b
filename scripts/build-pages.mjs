// Bundles what browsers load into dist/web/: hashed names, so that a file can be kept for ever, and a manifest that tells them.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { replace } from './replace.mjs';

/** The scripts that show a coverage, of which each language is a file of its own. */
const shows = ['page/live.ts', 'element/embed.ts'];
/**
 * Names of fields and methods that never leave the script, such as those of `transports/transport-selector.ts`, `follow.ts` and `timeline.ts`: of what each
 * reader loads they would be more than a hundred bytes.
 */
export const inside = new RegExp(
  `^(?:${[
    'askedMs|beganAt|betterAt|betterFirstMs|betterRounds|cutsMost|failures|giveUp|headStartMs|nextAt|notBefore|provenMs|remembered',
    'restarts|retryBetterMs|roundAt|rounds|steadyMs|strictCursor|timeoutMs|triedBetterAt|trying|unanswered|unansweredMost|untried|upAt|wakeMs',
    'readAfter|verdict|isAsking|renewable|silentMs|heardAt|trueAt|keeper|keyEventsDoubt|summaryDoubt|newestSeq|heldBack|revealHeldBack|revealNext',
    'openAtMarked|sayInstead|renderInZone|forgetForGood|onUnsubscribed|onMissed|moveToPost|comeBack|anyWindow|scroller|dress|firstMs|mostMs',
    'trail|inZone|isNothing|letGo|seqOf|startFrom|taken|whole|dial|using|ways|reads|waiting|place|heard',
  ].join('|')})$`,
);
/** It has a short name beside the folder of the others. */
const element = 'embed.js';
/** What else a page can ask for by name. */
const entries = [
  'styles/live.css',
  'page/channel-list.ts',
  'page/follow-post.ts',
  'page/keep-session.ts',
  'element/frame.ts',
  'element/frame.css',
  'styles/site.css',
  'styles/docs.css',
];

const targetIn = (root) => join(root, 'dist', 'web');

/** What esbuild makes of them, with the files that each is made of. Writes nothing. */
export async function bundle(esbuild, root) {
  const source = join(root, 'client', 'browser');
  const shared = {
    absWorkingDir: root,
    metafile: true,
    outdir: targetIn(root),
    entryNames: '[name]',
    bundle: true,
    minify: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    // The licences of what is bundled ask to be kept.
    legalComments: 'eof',
    logLevel: 'warning',
    charset: 'utf8',
    mangleProps: inside,
    // Their files say why.
    alias: {
      'socket.io-client': join(source, 'socket-io.ts'),
      'eventsource-parser': join(source, 'event-stream.ts'),
    },
  };
  const entryPoints = entries.map((name) => join(source, name));
  return await Promise.all([
    esbuild.build({ ...shared, entryPoints }),
    ...shows.map((name) =>
      esbuild.build({
        ...shared,
        entryPoints: [join(source, name)],
        splitting: true,
        chunkNames: 'words-[name].[hash]',
        plugins: [oneLanguage(source), noVersions, noTemplates, noStyles, sheetAsText(esbuild)],
      }),
    ),
  ]);
}

export async function buildPages(esbuild, root) {
  const target = targetIn(root);
  const built = await bundle(esbuild, root);
  const outputFiles = built.flatMap(({ outputFiles }) => outputFiles);

  const manifest = {};
  const put = async (name, contents) => {
    const hash = createHash('sha256').update(contents).digest('base64url').slice(0, 12);
    const extension = extname(name);
    manifest[name] = `${basename(name, extension)}.${hash}${extension}`;
    await replace(join(target, manifest[name]), contents);
  };
  for (const { path, contents: built } of outputFiles) {
    const name = basename(path);
    const contents =
      name === element ? Buffer.from(Buffer.from(built).toString().replaceAll('"./words-', '"./assets/words-')) : built;
    // One of the languages, by whose name the script asks for it.
    const [, language] = /^(words-\w+)\.\w+\.js$/.exec(name) ?? [];
    if (language !== undefined) {
      manifest[`${language}.js`] = name;
      await replace(join(target, name), contents);
      continue;
    }
    await put(name, contents);
  }
  // The demo's posts show them at their hashed names, which the server serves beside its scripts.
  const pictures = join(root, 'demo', 'pictures');
  for (const name of await readdir(pictures)) await put(`demo-${name}`, await readFile(join(pictures, name)));
  // Last, so that it never names a file that is not there; what it no longer names goes after it.
  await replace(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const kept = new Set(['manifest.json', ...Object.values(manifest)]);
  for (const name of await readdir(target)) {
    if (!kept.has(name) && !name.startsWith('.')) await rm(join(target, name), { recursive: true, force: true });
  }
  console.log(`build: ${Object.keys(manifest).join(', ')} → dist/web`);
}

/** English, and each other language when a page in it asks: `i18n/loaded.ts` is what the script has in the place of all of them. */
function oneLanguage(source) {
  return {
    name: 'one-language',
    setup({ onResolve }) {
      onResolve({ filter: /[\\/]i18n[\\/]index\.ts$/ }, () => ({ path: join(source, 'i18n', 'loaded.ts') }));
    },
  };
}

/**
 * Lit notes its versions in variables of the whole page, for a warning of its development build. The element is on pages of others, where
 * it leaves none.
 */
const noVersions = {
  name: 'no-versions',
  setup({ onLoad }) {
    // Lit has a short name for the whole page before it writes to it, or none.
    onLoad({ filter: /[\\/](?:lit-html|lit-element|reactive-element)\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return {
        contents: text.replace(
          /(?:\b[a-z]\.)?\b(lit(?:Html|Element)Versions|reactiveElementVersions|litPropertyMetadata)\b/g,
          'import.meta.$1',
        ),
      };
    });
  },
};

/** Of Lit the element is made, and what is in it is drawn as pages are: its templates, which nothing of ours uses, stay away. */
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

/** How Lit styles an element is not needed either: `element/style-sheets.ts` does that, for whatever document the element stands in. */
const noStyles = {
  name: 'no-styles',
  setup({ onLoad }) {
    const names = 'adoptStyles, getCompatibleStyle, CSSResult, css, supportsAdoptingStyleSheets, unsafeCSS';
    onLoad({ filter: /[\\/]css-tag\.js$/ }, () => ({ contents: `export let ${names};` }));
  },
};

/**
 * A style sheet that a script imports is a text, for a sheet that the script constructs. Its sizes are told in a unit of its own in place of
 * `rem`: how large that is on someone else's page is chance. Only `max(1rem, …)`, of which the unit is made, stays.
 */
function sheetAsText(esbuild) {
  return {
    name: 'sheet-as-text',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /\.css$/ }, ({ path, resolveDir, kind }) =>
        kind === 'import-statement' ? { path: join(resolveDir, path), namespace: 'sheet' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'sheet' }, async ({ path }) => {
        const { outputFiles } = await esbuild.build({ entryPoints: [path], bundle: true, minify: true, write: false });
        const contents = outputFiles[0].text.replace(/(?<![\w-]|max\()(-?[\d.]+)rem\b/g, 'calc($1*var(--unit))');
        return { contents, loader: 'text' };
      });
    },
  };
}
