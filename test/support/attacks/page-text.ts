/** Text that tries to break out of its element, and its escaped form in a page. */
export const hostile = `"><script>alert('1')</script>&\u2028`;
export const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\u2028';

/** Roughly the text that a reader sees: everything between tags. */
export const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

/** The text that a sighted reader sees of a comparison: removed words as `[-old-]`, added words as `{+new+}`. */
export const comparedTextOf = (html: string) =>
  textOf(
    html
      .replace(/<span class="visually-hidden"[^>]*>[^<]*<\/span>/g, '')
      .replace(/<del>(.*?)<\/del>/gs, '[-$1-]')
      .replace(/<ins>(.*?)<\/ins>/gs, '{+$1+}'),
  );
