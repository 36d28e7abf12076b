import { Departure } from './case.ts';

/**
 * Whether an answer has the form that the contract gives it. Fields beyond those are let be, since clients ignore what they do not know,
 * and so is how a cursor is made: it is opaque.
 */
interface Schema {
  safeParse(value: unknown): { success: boolean; error?: { issues: readonly Issue[] } };
}

interface Issue {
  code?: string | undefined;
  path: readonly PropertyKey[];
  message: string;
  /** Of a union: what was wrong with each way to read it. */
  errors?: readonly (readonly Issue[])[];
}

/** `what` is a noun: "the snapshot". */
export function mustFit(schema: Schema, value: unknown, what: string): void {
  const { error } = schema.safeParse(value);
  const wrong = error?.issues.filter((issue) => !isHarmless(issue)).at(0);
  if (wrong === undefined) return;
  throw new Departure(`${what} is not what the contract describes: ${wrong.path.join('.') || 'it'}: ${wrong.message}`);
}

function isHarmless({ code, path, errors }: Issue): boolean {
  if (code === 'unrecognized_keys') return true;
  if (code === 'custom' && path.at(-1) === 'cursor') return true;
  return code === 'invalid_union' && errors !== undefined && errors.some((issues) => issues.every(isHarmless));
}
