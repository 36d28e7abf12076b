import { AuthorClient } from '../client/lib/author-client.ts';
import { channelPath, onServer } from '../src/protocol/addresses.ts';
import { publishNewspaperCoverage } from '../test/support/samples/newspaper-coverage.ts';

/**
 * Publishes the sample coverage to a running server and prints the address of its page. Reads the two variables that `npm start`
 * prints: `node scripts/publish-sample-coverage.ts`.
 */
const { PRESSBOX_URL: url, PRESSBOX_TOKEN: token } = process.env;
if (url === undefined || token === undefined) {
  console.error('Set PRESSBOX_URL and PRESSBOX_TOKEN to the values that `npm start` prints.');
  process.exit(2);
}
const { channelId } = await publishNewspaperCoverage(new AuthorClient({ url, token }));
console.log(onServer(channelPath(channelId), url));
