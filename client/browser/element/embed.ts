import { PressboxLive } from './element.ts';

/**
 * `/embed.js`: defines `<pressbox-live>` and leaves nothing else on the page. If this or another version of the script has
 * already defined it, the earlier definition is kept.
 */
if (customElements.get('pressbox-live') === undefined) customElements.define('pressbox-live', PressboxLive);
