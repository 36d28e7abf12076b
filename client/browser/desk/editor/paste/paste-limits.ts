import { bodyCharacters } from '../../../../../src/protocol/client-limits.ts';

/**
 * Of pasted or dropped text, and of html without what the editor does not read, more is left out. What is left is longer than a
 * post may be, so the composer says that the text is too long. It also bounds the work of the editor.
 */
export const pastedCharacters = 10 * bodyCharacters;
