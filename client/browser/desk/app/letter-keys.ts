/**
 * When shortcuts of one letter act. Who types a name after a press on a button types it at no field, and its letters must not lead
 * elsewhere. Pure: times are milliseconds of one clock.
 */

/** The time after a press on a button, and after a letter that is no shortcut, in which shortcuts of one letter do nothing, milliseconds. */
export const quietMs = 2_000;

export interface LetterPress {
  at: number;
  isShortcut: boolean;
  /** The author has not switched these shortcuts off. */
  isOn: boolean;
}

/** Whether the letter acts, and until when later ones do not. */
export function pressLetter(quietUntil: number, { at, isShortcut, isOn }: LetterPress): { acts: boolean; quietUntil: number } {
  return { acts: isOn && isShortcut && at >= quietUntil, quietUntil: isShortcut ? quietUntil : at + quietMs };
}

/** Whether the key, as `KeyBinding` names it, is a character of its own. Space presses buttons, and is none. */
export function isLetter(keys: string): boolean {
  return keys.length === 1 && keys !== ' ';
}
