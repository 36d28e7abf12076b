/** The contents of the fenced blocks in a section of a Markdown text, in order. */
export function blocksOf(text: string, heading: string): string[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, code]) => code ?? '');
}

/** The tables in a section of a Markdown text, each as rows of cells, without its head. */
export function tablesOf(text: string, heading: string): string[][][] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const tables = [...section.matchAll(/^\|.*\n\| ---.*\n((?:\|.*\n)+)/gm)].map(([, rows]) => (rows ?? '').trimEnd().split('\n'));
  return tables.map((rows) =>
    rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    ),
  );
}

/** The texts between backticks. */
export function quotedIn(text = ''): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, quoted]) => quoted ?? '');
}
