/**
 * Matches a character that a reader can see. Not visible: white space, default-ignorable code points (zero-width, bidirectional controls, soft
 * hyphen, Hangul fillers, variation selectors, tags), interlinear annotation marks, and two blanks that Unicode counts as letters or symbols.
 */
const visible = /[^\s\p{Default_Ignorable_Code_Point}\p{Control}\u2800\ufff9-\ufffc\u{16fe4}\u{1d159}]/u;

/** Whether the text has a visible character. To readers, a text of invisible characters is empty. */
export function isVisible(text: string): boolean {
  return visible.test(text);
}
