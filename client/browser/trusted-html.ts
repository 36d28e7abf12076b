/**
 * Markup as a page with Trusted Types takes it. All of it is drawn by `view/` or by the server. A page that does not let this policy be
 * made gets the markup as it is.
 */
const policy = makePolicy();

export function trusted(markup: string): string {
  return (policy?.createHTML(markup) ?? markup) as string;
}

/** A page of the server as a document of its own, in which nothing runs. */
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
