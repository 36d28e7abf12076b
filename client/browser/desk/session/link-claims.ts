import type { Grants } from '../../../../src/protocol/rights.ts';

/** What the code of a sign-in link says. Shown as text only: the server alone decides whether it is true. */
export interface LinkClaims {
  sub: string;
  /** The byline. */
  name: string;
  rights: Grants;
  /** How long the session will last. */
  sessionSeconds: number;
  /** Until when the link can be used, milliseconds since 1970. */
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
