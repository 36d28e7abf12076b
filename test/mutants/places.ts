import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';

/** A change of one line that may be a bug. */
export interface Place {
  /** From 1. */
  line: number;
  operator: Operator;
  /** The line without indentation. */
  before: string;
  /** Empty if the line is removed. */
  after: string;
}

export type Operator =
  | 'negated condition'
  | 'changed operator'
  | 'swapped and/or'
  | 'dropped condition'
  | 'dropped guard'
  | 'dropped statement'
  | 'changed constant'
  | 'dropped element'
  | 'dropped step of a chain'
  | 'dropped separator'
  | 'swapped function';

/** Characters of the longest part of a template that counts as a separator. Longer parts are words. */
const SEPARATOR_MOST = 3;
/** A larger constant is a size or a duration, where a difference of one is no bug. */
const CONSTANT_MOST = 100;

const otherOperators: Partial<Record<SyntaxKind, string>> = {
  [SyntaxKind.LessThanToken]: '<=',
  [SyntaxKind.LessThanEqualsToken]: '<',
  [SyntaxKind.GreaterThanToken]: '>=',
  [SyntaxKind.GreaterThanEqualsToken]: '>',
  [SyntaxKind.EqualsEqualsEqualsToken]: '!==',
  [SyntaxKind.ExclamationEqualsEqualsToken]: '===',
  [SyntaxKind.PlusToken]: '-',
  [SyntaxKind.MinusToken]: '+',
};

const swappedFunctions = new Map([
  ['some', 'every'],
  ['every', 'some'],
  ['min', 'max'],
  ['max', 'min'],
  ['find', 'findLast'],
  ['findLast', 'find'],
  ['ceil', 'floor'],
  ['floor', 'ceil'],
]);

const chainSteps = new Set(['trim', 'trimEnd', 'filter', 'toSorted', 'toReversed', 'toLowerCase', 'slice', 'normalize']);

/** What nobody who uses the product notices: log lines, and the words of errors and metrics. */
const unnoticed = /\blog\??\.|\bconsole\.|\bthrow new |\bhelp:|^\s*(?:\/\/|\*|\/\*)/;

/** All places of a file, in the order of the syntax tree. */
export function placesIn(source: SourceFile): Place[] {
  const places: Place[] = [];

  /** The text of a node is replaced, if it is within a line. */
  const add = (operator: Operator, from: number, to: number, by: string) => {
    const { line } = source.getLineAndCharacterOfPosition(from);
    const start = source.getLineStarts()[line] ?? 0;
    const end = source.text.indexOf('\n', start);
    if (to > end) return;
    const before = source.text.slice(start, end);
    const after = `${source.text.slice(start, from)}${by}${source.text.slice(to, end)}`.trim();
    if (!unnoticed.test(before)) places.push({ line: line + 1, operator, before: before.trim(), after });
  };
  const replace = (operator: Operator, node: Node, by: string) => add(operator, node.getStart(source), node.getEnd(), by);
  const negate = (node: Node) => {
    const text = node.getText(source);
    if (is.isIdentifier(node) || is.isCallExpression(node) || is.isPropertyAccessExpression(node))
      replace('negated condition', node, `!${text}`);
  };
  /** With the comma after it, or before it if it is the last. */
  const dropElement = (elements: readonly Node[], index: number) => {
    const [element, next, last] = [elements[index], elements[index + 1], elements[index - 1]];
    if (element === undefined) return;
    const start = element.getStart(source);
    const sameLine = next !== undefined && !source.text.slice(element.getEnd(), next.getStart(source)).includes('\n');
    const alone = /^,?[^\S\n]*\n/.exec(source.text.slice(element.getEnd()));
    if (sameLine) add('dropped element', start, next.getStart(source), '');
    else if (alone !== null && source.text[element.getEnd()] === ',') add('dropped element', start, element.getEnd() + 1, '');
    else add('dropped element', last?.getEnd() ?? start, element.getEnd(), '');
  };

  const visit = (node: Node): void => {
    if (is.isImportDeclaration(node) || is.isTypeNode(node) || is.isInterfaceDeclaration(node)) return;
    if (is.isIfStatement(node)) {
      negate(node.expression);
      if (node.elseStatement === undefined) replace('dropped guard', node, '');
    } else if (is.isConditionalExpression(node)) {
      negate(node.condition);
    } else if (is.isPrefixUnaryExpression(node) && node.operator === SyntaxKind.ExclamationToken) {
      replace('negated condition', node, node.operand.getText(source));
    } else if (is.isBinaryExpression(node)) {
      const { left, right, operatorToken } = node;
      const kind = operatorToken.kind;
      const other = otherOperators[kind];
      if (other !== undefined) replace('changed operator', operatorToken, other);
      const and = kind === SyntaxKind.AmpersandAmpersandToken;
      if (and || kind === SyntaxKind.BarBarToken) replace('swapped and/or', operatorToken, and ? '||' : '&&');
      if (and || kind === SyntaxKind.BarBarToken || kind === SyntaxKind.QuestionQuestionToken) {
        add('dropped condition', left.getStart(source), right.getStart(source), '');
        add('dropped condition', left.getEnd(), right.getEnd(), '');
      }
    } else if (is.isExpressionStatement(node)) {
      if (is.isBlock(node.parent) || is.isSourceFile(node.parent)) replace('dropped statement', node, '');
    } else if (is.isNumericLiteral(node)) {
      const value = Number(node.getText(source));
      const others = Number.isInteger(value) && value <= CONSTANT_MOST ? [value - 1, value + 1] : [];
      for (const other of others) if (other >= 0) replace('changed constant', node, `${other}`);
    } else if (node.kind === SyntaxKind.TrueKeyword || node.kind === SyntaxKind.FalseKeyword) {
      replace('changed constant', node, node.kind === SyntaxKind.TrueKeyword ? 'false' : 'true');
    } else if (is.isArrayLiteralExpression(node)) {
      for (const index of node.elements.keys()) dropElement(node.elements, index);
    } else if (is.isObjectLiteralExpression(node)) {
      for (const index of node.properties.keys()) dropElement(node.properties, index);
    } else if (is.isCallExpression(node) && is.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      const by = swappedFunctions.get(name.getText(source));
      if (by !== undefined) replace('swapped function', name, by);
      if (chainSteps.has(name.getText(source))) add('dropped step of a chain', expression.getEnd(), node.getEnd(), '');
    } else if (is.isTemplateMiddle(node) || is.isTemplateTail(node)) {
      const open = is.isTemplateMiddle(node) ? 2 : 1;
      const [from, to] = [node.getStart(source) + 1, node.getEnd() - open];
      if (to > from && to - from <= SEPARATOR_MOST) add('dropped separator', from, to, '');
    }
    node.forEachChild(visit);
  };
  visit(source);
  return places;
}
