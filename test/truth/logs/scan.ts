import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** One place in the code that writes a line to the log. */
export interface LogCall {
  readonly file: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** As it is written; `…` stands for what differs. */
  readonly message: string;
  /** null: the code puts them together elsewhere. */
  readonly fields: readonly string[] | null;
}

const levels: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error']);

let scanned: readonly LogCall[] | null = null;

/** Every call of a logger in the product, by file and place. Read once: parsing the sources takes a second. */
export function logCalls(): readonly LogCall[] {
  scanned ??= ['src', 'adapters'].flatMap(filesIn).sort().flatMap(callsIn);
  return scanned;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function callsIn(file: string): readonly LogCall[] {
  const text = readFileSync(file, 'utf8');
  if (!/[lL]og(ger)?\.|omplaints/.test(text)) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true);
  const found: LogCall[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) found.push(...callOf(node, file));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function callOf(call: ts.CallExpression, file: string): readonly LogCall[] {
  const { expression, arguments: given } = call;
  const level = methodOf(expression);
  const [first, second] = given;
  if (level === null || first === undefined || second === undefined) return [];
  const isComplaint = /omplaints$/.test(receiverOf(expression));
  const message = messageOf(second);
  // somebody else's line that passes through here
  if (message === '…') return [];
  return [{ file, level, message, fields: isComplaint ? ['source', 'detail'] : fieldsOf(first) }];
}

/** null: no logger is called here. */
function methodOf(expression: ts.Expression): LogCall['level'] | null {
  const isLog = /(?:[lL]ogger|\blog|#log|omplaints)$/.test(receiverOf(expression));
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : '';
  return isLog && levels.has(name) ? (name as LogCall['level']) : null;
}

function receiverOf(expression: ts.Expression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.expression.getText().replace(/\([^()]*\)$/, '') : '';
}

function messageOf(node: ts.Node): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  if (ts.isConditionalExpression(node)) return `${messageOf(node.whenTrue)} / ${messageOf(node.whenFalse)}`;
  return '…';
}

function fieldsOf(node: ts.Node): readonly string[] | null {
  if (ts.isConditionalExpression(node)) {
    const [one, other] = [fieldsOf(node.whenTrue), fieldsOf(node.whenFalse)];
    return one === null || other === null ? null : [...new Set([...one, ...other])];
  }
  if (!ts.isObjectLiteralExpression(node)) return null;
  const names = node.properties.map((property) =>
    ts.isSpreadAssignment(property) ? '…' : (property.name?.getText().replace(/^'|'$/g, '') ?? '…'),
  );
  return names;
}
