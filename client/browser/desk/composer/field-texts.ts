/** The label without a remark such as "(optional)", which would contradict a sentence that says what is missing. */
export function nameOfLabel(label: string): string {
  return label.replace(/\s*[(（][^)）]*[)）]$/, '');
}

/** The address that an author means who leaves out `https://`. Other texts stay as they are. */
export function completedAddress(text: string): string {
  const written = text.trim();
  return /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}(?::\d+)?(?:[/?#]\S*)?$/u.test(written) ? `https://${written}` : text;
}
