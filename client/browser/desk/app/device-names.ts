import { basePath } from './base-path.ts';

/** What the names of everything on this device begin with. Servers on one host, below several paths, share the storage of a browser. */
export const deviceName = `pressbox-desk${basePath}`;
