import { PressboxLive } from './element.ts';

/**
 * `/embed.js`: defines `<pressbox-live>` and leaves nothing else on the page. If it is already defined, by this or another
 * version of the script, that definition stays.
 */
if (customElements.get('pressbox-live') === undefined) customElements.define('pressbox-live', PressboxLive);
