import MarkdownIt from 'markdown-it';
import { markdownNesting } from '../protocol/client-limits.ts';
import { boundTable } from './table-bound.ts';

export type { Token } from 'markdown-it';

/**
 * The Markdown of authors: CommonMark with GFM tables, strikethrough and bare links, without raw html. Server and editor share this parser.
 * It only parses, and lets every link pass. `html-writer.ts` decides what becomes html.
 */
export const markdown = createMarkdown();

function createMarkdown() {
  const md = new MarkdownIt({ html: false, linkify: true, typographer: false, maxNesting: markdownNesting });
  // `Writer` checks links, and writes only the text of a refused link. markdown-it would show the Markdown of that link.
  md.validateLink = () => true;
  // Shows a bare link as the author wrote it, without decoding.
  md.normalizeLinkText = (url) => url;
  md.linkify.add('//', null);
  md.linkify.add('ftp:', null);
  md.block.ruler.before('table', 'table_size', boundTable);
  const { re } = md.linkify;
  const afterWww = new RegExp(`${re.get_url_host_port().source}${re.get_path().source}`, 'iy');
  md.linkify.add('www.', {
    validate(text, at) {
      afterWww.lastIndex = at;
      return afterWww.exec(text)?.[0].length ?? 0;
    },
    normalize(match) {
      match.url = `http://${match.url}`;
    },
  });
  return md;
}
