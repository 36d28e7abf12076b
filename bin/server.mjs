// `pressbox/server`. Says what is missing where Node is too old to load the server, so it is written for any Node from 12 on.
import { createRequire } from 'node:module';

const neededMajor = 24;
if (Number(process.version.slice(1).split('.')[0]) < neededMajor) {
  throw new Error(
    `pressbox/server needs Node.js ${neededMajor} or later; this is ${process.version}. ` +
      'Run "npm install node" where pressbox is installed and start the program with "npx node", or install a newer Node.js.',
  );
}

export const { attach, ConfigError, readConfig, reasonNotToStart, startServer } = createRequire(import.meta.url)(
  '../dist/src/server-package.js',
);
