import { InputRule, inputRules, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules';
import type { Mark } from 'prosemirror-model';
import type { EditorState, Plugin } from 'prosemirror-state';
import { addressOf } from './links.ts';
import { schema } from './schema.ts';

/** Markdown that is typed becomes what it means: `## `, `- `, `1. `, `> `, ```` ``` ````, `**x**`, `*x*`, `~~x~~`, `` `x` `` and `[x](url)`. */

const { nodes, marks } = schema;

export function markdownRules(): Plugin {
  return inputRules({
    rules: [
      textblockTypeInputRule(/^(#{1,4})\s$/, nodes.heading, ([, signs = '']) => ({ level: signs.length < 3 ? 3 : 4 })),
      wrappingInputRule(/^\s*>\s$/, nodes.blockquote),
      wrappingInputRule(/^\s*[-+*]\s$/, nodes.bullet_list),
      wrappingInputRule(
        /^(\d{1,9})[.)]\s$/,
        nodes.ordered_list,
        ([, number]) => ({ start: Number(number) }),
        ([, number], list) => list.childCount + list.attrs.start === Number(number),
      ),
      textblockTypeInputRule(/^```$/, nodes.code_block),
      marked(/(?:^|[^*\\])(\*\*)([^*\s](?:[^*]*[^*\s\\])?)\*\*$/, () => marks.strong.create()),
      marked(/(?:^|[^*\\])(\*)([^*\s](?:[^*]*[^*\s\\])?)\*$/, () => marks.em.create()),
      marked(/(?:^|[^\p{L}\p{N}_\\])(_)([^_\s](?:[^_]*[^_\s\\])?)_$/u, () => marks.em.create()),
      marked(/(?:^|[^~\\])(~~)([^~\s](?:[^~]*[^~\s\\])?)~~$/, () => marks.strike.create()),
      marked(/(?:^|[^`\\])(`)([^`]+)`$/, () => marks.code.create()),
      marked(/(?:^|[^!\\])(\[)([^[\]]+)\]\(([^\s()]+)\)$/, ([, , , address = '']) => {
        const href = addressOf(address);
        return href === undefined ? undefined : marks.link.create({ href });
      }),
    ],
  });
}

/** Marks the second group of the match, and removes the signs around it. The first group is the sign before it. */
function marked(pattern: RegExp, markFor: (match: RegExpMatchArray) => Mark | undefined): InputRule {
  return new InputRule(
    pattern,
    (state: EditorState, match, start, end) => {
      const mark = markFor(match);
      const [whole, sign = '', text = ''] = match;
      if (mark === undefined || !state.doc.resolve(start).parent.type.allowsMarkType(mark.type)) return null;
      const before = start + whole.indexOf(sign + text);
      const [from, to] = [before + sign.length, before + sign.length + text.length];
      const tr = state.tr;
      if (end > to) tr.delete(to, end);
      tr.delete(before, from).addMark(before, to - sign.length, mark);
      return tr.removeStoredMark(mark.type);
    },
    { inCodeMark: false },
  );
}
