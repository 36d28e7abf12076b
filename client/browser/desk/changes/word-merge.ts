import { type DiffBounds, diffWords } from '../../view/post/diff.ts';

/**
 * Merges two changes of one paragraph that touch different words. Undefined if they touch the same words or adjoin, or if a text was
 * changed too much to tell. Pure. The result is a proposal, which an author confirms before it is sent.
 */
export function mergeWords(base: string, mine: string, theirs: string): string | undefined {
  const [own, other] = [editsOf(base, mine), editsOf(base, theirs)];
  if (own === undefined || other === undefined) return undefined;
  const isSame = (one: Edit, two: Edit) => one.from === two.from && one.to === two.to && one.text === two.text;
  const added = other.filter((edit) => !own.some((one) => isSame(one, edit)));
  // Edits that only touch are in conflict too: nobody knows which of two insertions comes first.
  if (added.some((edit) => own.some((one) => one.from <= edit.to && edit.from <= one.to))) return undefined;
  let merged = '';
  let at = 0;
  for (const { from, to, text } of [...own, ...added].sort((one, two) => one.from - two.from)) {
    merged += base.slice(at, from) + text;
    at = to;
  }
  return merged + base.slice(at);
}

/** The characters of the base from `from` to `to` are replaced by `text`. */
interface Edit {
  from: number;
  to: number;
  text: string;
}

const bounds: DiffBounds = { edits: 800, steps: 800_000 };

function editsOf(base: string, changed: string): Edit[] | undefined {
  const edits: Edit[] = [];
  let at = 0;
  let open: Edit | undefined;
  for (const { kind, text } of diffWords(base, changed, bounds) ?? []) {
    if (kind === 'same') open = undefined;
    else if (open === undefined) {
      open = { from: at, to: at, text: '' };
      edits.push(open);
    }
    if (kind === 'added' && open) open.text += text;
    if (kind !== 'added') at += text.length;
    if (open) open.to = at;
  }
  // Without pieces the texts differ too much.
  return at === base.length ? edits : undefined;
}
