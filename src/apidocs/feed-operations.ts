import * as schemas from '../protocol/schemas.ts';
import { limitInWords } from './limit-tables.ts';
import { type Operation, query, revalidated } from './operation.ts';
import { postFilters } from './read-operations.ts';

/** The feeds: one question, answered in the words of several standards. */

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
    summary: 'For feed readers, as Atom',
    description:
      'Atom 1.0 (RFC 4287), paged as RFC 5005 has it. An entry of a withdrawn post says that it was, in place of what it said. Of a channel for members a stranger is given what it is about, and one entry that says so.',
    type: 'application/atom+xml',
  },
  {
    id: 'getJsonFeed',
    file: 'feed.json',
    summary: 'For programs, as JSON Feed',
    description:
      'JSON Feed 1.1. `_pressbox` holds what the standard has no word for: revision, status, history, media and the rest. Of a channel for members a stranger is given what it is about, and one item that says so.',
    type: 'application/feed+json',
  },
  {
    id: 'getLiveBlog',
    file: 'liveblog.jsonld',
    summary: 'For search engines, as JSON-LD',
    description:
      'A `LiveBlogPosting` of schema.org, in which corrections are each a `CorrectionComment`. It may stand in a page as it is.',
    type: 'application/ld+json',
  },
  {
    id: 'getNinjs',
    file: 'ninjs.json',
    summary: 'For editorial systems, as ninjs',
    description:
      'ninjs 3.1 of the IPTC: the channel as a composite item, whose associations are its posts. A withdrawn one is `canceled`.',
    type: 'application/json',
  },
];

const paging = `Newest first, ${limitInWords('feedPageDefault')} posts a page. The first page also holds up to ${limitInWords('feedTold')} posts from further back that were corrected or withdrawn last, so that who asks for nothing else hears of it; the pages that it links to leave those out.`;

export const feedOperations: readonly Operation[] = formats.map(({ id, file, summary, description, type }) => ({
  id,
  group: 'Feeds',
  method: 'get',
  path: `/v1/channels/{channelId}/${file}`,
  summary,
  description: `${description} ${paging}`,
  who: 'reader',
  query: query(schemas.feedQuerySchema, {
    ...postFilters,
    limit: 'How many at most.',
    told: 'As the address of a next page has it.',
  }),
  ...revalidated({ description: 'A page of the feed.', type, headers: ['Link'] }),
}));
