import type { Grants } from '../../../../src/protocol/rights.ts';

/** The claims in the code of a sign-in link. They are only shown: the server alone decides whether they are true. */
export interface LinkClaims {
  sub: string;
  /** The byline. */
  name: string;
  rights: Grants;
  /** How long the session will last. */
  sessionSeconds: number;
  /** The time at which the link expires, milliseconds since 1970. */
  usableUntil: number;
}

/** Undefined if the address was not copied whole. */
export function linkClaimsOf(code: string): LinkClaims | undefined {
  const parts = code.split('.');
  if (parts.length !== 3 || parts.some((part) => !/^[\w-]+$/.test(part))) return undefined;
  try {
    const bytes = Uint8Array.from(atob((parts[1] as string).replaceAll('-', '+').replaceAll('_', '/')), (char) =>
      char.charCodeAt(0),
    );
    const { sub, name = sub, pressbox = {}, sessionSeconds, exp } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof sub !== 'string' || typeof name !== 'string' || !(sessionSeconds > 0) || !(exp > 0)) return undefined;
    const { reader, author, editor, admin } = pressbox;
    const rights = { reader: patterns(reader), author: patterns(author), editor: patterns(editor), admin: admin === true };
    return { sub, name, rights, sessionSeconds, usableUntil: exp * 1_000 };
  } catch {
    return undefined;
  }
}

function patterns(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
