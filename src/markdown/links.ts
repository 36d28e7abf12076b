import { postIdPattern } from '../protocol/field-rules.ts';

/** Which links a text may contain. Only the words of any other link are shown. */

/** The post that a `post:` link leads to. */
export function linkedPost(href: string): string | undefined {
  if (!/^post:/i.test(href)) return undefined;
  const id = href.slice('post:'.length).toLowerCase();
  return postIdPattern.test(id) ? id : undefined;
}

/** Whether the link leads to a post, to an address on the web or to a mailbox. */
export function isAllowedLink(href: string): boolean {
  // The slashes are required, because `https:page` is relative on an https page.
  const onWeb = /^https?:\/\/[^/]/i.test(href);
  return onWeb ? URL.canParse(href) : /^mailto:[^?]/i.test(href) || linkedPost(href) !== undefined;
}
