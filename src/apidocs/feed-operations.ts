import * as schemas from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query, revalidated } from './operation.ts';
import { postFilters } from './read-operations.ts';

/** The feeds of a channel, in several standard formats. */

interface Format {
  id: string;
  file: string;
  summary: string;
  description: string;
  type: string;
}

const formats: readonly Format[] = [
  {
    id: 'getAtomFeed',
    file: 'feed.atom',
    summary: 'Atom for feed readers',
    description:
      "Atom 1.0 (RFC 4287), with pages as in RFC 5005. The entry of a withdrawn post says that it was withdrawn, in place of its text. Without a token, the feed of a members' channel shows what the channel is about and one entry that says how to read it.",
    type: 'application/atom+xml',
  },
  {
    id: 'getJsonFeed',
    file: 'feed.json',
    summary: 'JSON Feed for programs',
    description:
      "JSON Feed 1.1. `_pressbox` has everything that the standard has no field for: revision, status, history, media and more. Without a token, the feed of a members' channel shows what the channel is about and one item that says how to read it.",
    type: 'application/feed+json',
  },
  {
    id: 'getLiveBlog',
    file: 'liveblog.jsonld',
    summary: 'JSON-LD for search engines',
    description:
      'A schema.org `LiveBlogPosting`, with a `CorrectionComment` for each correction. You can insert it into a page as it is.',
    type: 'application/ld+json',
  },
  {
    id: 'getNinjs',
    file: 'ninjs.json',
    summary: 'ninjs for editorial systems',
    description:
      'IPTC ninjs 3.1. The channel is a composite item, and its posts are the associations. A withdrawn post is `canceled`.',
    type: 'application/json',
  },
];

const paging = `Newest first, ${limitInWords('feedPageDefault')} posts per page. The first page also has up to ${limitInWords('feedTold')} older posts that were corrected or withdrawn most recently, for programs that request only that page. The pages it links to leave them out.`;

const formatOperations: readonly Operation[] = formats.map(({ id, file, summary, description, type }) => ({
  id,
  group: 'Feeds',
  method: 'get',
  path: `/v1/channels/{channelId}/${file}`,
  summary,
  description: `${description} ${paging}`,
  who: 'reader',
  query: query(schemas.feedQuerySchema, {
    ...postFilters,
    limit: 'The maximum number of posts on a page.',
    told: 'Set by the server in the address of the next page.',
  }),
  ...revalidated({ description: 'A page of the feed.', type, headers: ['Link'] }),
}));

export const feedOperations: readonly Operation[] = [
  ...formatOperations,
  {
    id: 'getCorrectionsFeed',
    group: 'Feeds',
    method: 'get',
    path: '/v1/channels/{channelId}/corrections.atom',
    summary: 'Corrections for feed readers',
    description: `Atom 1.0 with one entry for each clarification, correction, retraction and takedown, newest first, ${limitInWords('feedPageDefault')} on a page. An entry has the note and a link to the post. It keeps its id when its note is erased or its post withdrawn. Without a token, the feed of a members' channel has one entry that says how to read it.`,
    who: 'reader',
    query: query(schemas.correctionsFeedQuerySchema, {
      before: 'Only corrections below this offset.',
      limit: 'The maximum number of corrections on a page.',
    }),
    ...revalidated({ description: 'A page of the feed.', type: 'application/atom+xml', headers: ['Link'] }),
  },
];
