import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { parseServerUrl } from '../lib/platform.ts';
import type { Env } from './terminal.ts';

/**
 * Remembers which revision of a post or channel was last displayed on this machine, so that a change without `--revision` never
 * overwrites one that the user has not seen. Stored as lines `<hash> <revision>` in the user's state directory; the last line of
 * a hash counts. The hash covers server, channel and post, so the file contains no names or texts.
 *
 * Commands may write concurrently. If a line is lost, an older revision or none is found; then the server refuses the change or
 * the command asks.
 */
export interface DisplayedRevisions {
  /** Undefined if none was displayed or it was forgotten. */
  get(channelId: string, postId: string): number | undefined;
  record(channelId: string, shown: readonly RevisionOf[]): void;
  /**
   * Records a revision that was written from this machine as displayed, if it follows directly on `before`. Default: the last
   * displayed revision.
   */
  recordWrite(channelId: string, written: RevisionOf, before?: number): void;
}
interface RevisionOf {
  id: string;
  revision: number;
}

/** Stands in for the post id when the headline and standfirst of a channel are meant. */
export const channelKey = '';

/** Lines kept when the file is shortened: the newest of each post. */
const maxLinesKept = 2_000;
/** The file is shortened when it exceeds this size, about 8,000 lines. */
const maxFileBytes = 256 * 1024;

export function displayedRevisions(env: Env, url: string): DisplayedRevisions {
  const { origin, path } = parseServerUrl(url);
  const folder = stateFolder(env);
  const file = folder === undefined ? undefined : join(folder, 'shown-revisions');
  const nameOf = (channelId: string, postId: string) =>
    createHash('sha256')
      .update(JSON.stringify([origin.toLowerCase(), path, channelId, postId]))
      .digest('base64url')
      .slice(0, 22);

  const of = (channelId: string, postId: string) => {
    const name = nameOf(channelId, postId);
    const line = linesIn(file).findLast((one) => one.startsWith(`${name} `));
    const revision = Number(line?.slice(name.length + 1));
    return Number.isSafeInteger(revision) && revision > 0 ? revision : undefined;
  };
  const keep = (channelId: string, shown: readonly RevisionOf[]) => {
    append(shown.map(({ id, revision }) => `${nameOf(channelId, id)} ${revision}\n`).join(''));
  };
  return {
    get: of,
    record: keep,
    recordWrite(channelId, { id, revision }, before = of(channelId, id)) {
      if (before === revision - 1) keep(channelId, [{ id, revision }]);
    },
  };

  function append(lines: string): void {
    if (folder === undefined || file === undefined || lines === '') return;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const opened = openSync(file, 'a', 0o600);
      let size: number;
      try {
        fchmodSync(opened, 0o600);
        appendFileSync(opened, lines);
        ({ size } = fstatSync(opened));
      } finally {
        closeSync(opened);
      }
      if (size > maxFileBytes) shorten(file);
    } catch {
      // Without a writable directory nothing is remembered, and the next change asks for confirmation.
    }
  }
}

/** Undefined if there is no such directory, for example for a user without a home. */
function stateFolder({ XDG_STATE_HOME: state, HOME: home }: Env): string | undefined {
  // The XDG base directory specification says to ignore relative paths.
  if (state !== undefined && isAbsolute(state)) return join(state, 'pressbox');
  try {
    return join(home || homedir(), '.local', 'state', 'pressbox');
  } catch {
    return undefined;
  }
}

function linesIn(file: string | undefined): string[] {
  try {
    return file === undefined ? [] : readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function shorten(file: string): void {
  const newest = new Map<string, string>();
  for (const line of linesIn(file)) {
    const [name = '', revision = ''] = line.split(' ');
    if (revision === '') continue;
    newest.delete(name);
    newest.set(name, line);
  }
  const kept = [...newest.values()].slice(-maxLinesKept);
  const draft = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeFileSync(draft, `${kept.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
