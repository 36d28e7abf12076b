// Loaded before a server's own modules, in each of its threads: the renderer of a later version of Pressbox, with its own version
// and different html for every body.
import { registerHooks } from 'node:module';

const changed = [
  ['`md2-', '`md3-'],
  ['postId), base));', String.raw`postId), base)) + '\n';`],
];
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/src/newsroom/render.ts')) return loaded;
    let source = String(loaded.source);
    for (const [here, later] of changed) {
      if (!source.includes(here)) throw new Error(`The renderer has no ${here}`);
      source = source.replace(here, () => later);
    }
    return { ...loaded, source };
  },
});
