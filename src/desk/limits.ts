/** Bounds of imports. Each is also a metric, `pressbox_limit{name}`. */
export const deskLimits = {
  /** Imports under way at once in a process; past it whoever asks is told to come back. */
  importsMost: 2,
  /** Lines that are taken together, and characters of them: what an author's write waits for behind an import, and what one holds. */
  importLines: 64,
  importCharacters: 1024 * 1024,
  /** Conflicts of an import that are told; the others are counted. */
  importConflicts: 100,
} as const;
