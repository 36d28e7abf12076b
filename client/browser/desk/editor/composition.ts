/** Whether the event belongs to an input method. Safari ends a composition before the key that ended it arrives. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}
