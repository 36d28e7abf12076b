/** What someone writes who wants to get out of the text, and how it stands in a page from which it cannot. */
export const hostile = `"><script>alert('1')</script>&\u2028`;
export const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;\u2028';

/** What a reader sees of it, roughly: the text between tags. */
export const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
