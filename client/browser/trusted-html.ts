/**
 * Markup for pages with Trusted Types. All of it was rendered by `view/` or by the server. If the page does not allow this
 * policy, the markup is used as it is.
 */
const policy = makePolicy();

export function trusted(markup: string): string {
  return (policy?.createHTML(markup) ?? markup) as string;
}

/** Parses a page of the server into an inert document. */
export function parseDocument(markup: string): Document {
  return new DOMParser().parseFromString(trusted(markup), 'text/html');
}

function makePolicy(): { createHTML(markup: string): unknown } | undefined {
  const { trustedTypes } = globalThis as {
    trustedTypes?: { createPolicy(name: string, rules: object): { createHTML(markup: string): unknown } };
  };
  try {
    return trustedTypes?.createPolicy('pressbox', { createHTML: (markup: string) => markup });
  } catch {
    return undefined;
  }
}
