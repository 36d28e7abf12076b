import { PressboxLive } from './element.ts';

/**
 * `/embed.js`: defines `<pressbox-live>` and leaves nothing else on the page. Where it is defined already, by this script or another
 * version of it, that one stays.
 */
if (customElements.get('pressbox-live') === undefined) customElements.define('pressbox-live', PressboxLive);
