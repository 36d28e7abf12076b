import { RuleBroken } from './assertions.ts';

/**
 * Checks the form of an answer. Accepts unknown fields, because clients ignore them, and any cursor, because cursors are opaque.
 */
interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { issues: readonly Issue[] } };
}

interface Issue {
  code?: string | undefined;
  path: readonly PropertyKey[];
  message: string;
  /** In a union: the issues of each alternative. */
  errors?: readonly (readonly Issue[])[];
}

/** `what` is a noun: "the snapshot". */
export function mustFit(schema: Schema, value: unknown, what: string): void {
  const { error } = schema.safeParse(value);
  const wrong = error?.issues.filter((issue) => !isHarmless(issue)).at(0);
  if (wrong === undefined) return;
  throw new RuleBroken(`${what} is not what the contract describes: ${wrong.path.join('.') || 'it'}: ${wrong.message}`);
}

function isHarmless({ code, path, errors }: Issue): boolean {
  if (code === 'unrecognized_keys') return true;
  if (code === 'custom' && path.at(-1) === 'cursor') return true;
  return code === 'invalid_union' && errors !== undefined && errors.some((issues) => issues.every(isHarmless));
}
