import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** A template name: what is between its holes, and which holes must be filled by a literal of the file. */
interface Template {
  readonly pattern: RegExp;
  /** By hole: a bare variable, of a table or a loop. */
  readonly plain: readonly boolean[];
}

/** What a file of tests calls its tests. */
export interface TestNames {
  readonly fixed: ReadonlySet<string>;
  readonly templates: readonly Template[];
  /** Every string and number that stands in the file. */
  readonly literals: ReadonlySet<string>;
}

/** Reads the source: the first argument of each `test(…)` and `it(…)` call. */
export function testNamesOf(file: string): TestNames {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const fixed = new Set<string>();
  const literals = new Set<string>();
  const templates: Template[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) literals.add(node.text);
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^(test|it)$/.test(node.expression.text)) {
      const [name] = node.arguments;
      if (name !== undefined && ts.isStringLiteralLike(name)) fixed.add(name.text);
      if (name !== undefined && ts.isTemplateExpression(name)) templates.push(templateOf(name));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { fixed, templates, literals };
}

function templateOf(name: ts.TemplateExpression): Template {
  const spans = name.templateSpans;
  const parts = [name.head.text, ...spans.map(({ literal }) => literal.text)];
  const pattern = new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('(.+?)')}$`);
  return { pattern, plain: spans.map(({ expression }) => ts.isIdentifier(expression)) };
}

/** Whether there is a test of this name: written out, or a template whose variables are filled by literals of the file. */
export function hasTest({ fixed, templates, literals }: TestNames, name: string): boolean {
  if (fixed.has(name)) return true;
  return templates.some(({ pattern, plain }) => {
    const fills = pattern.exec(name)?.slice(1);
    if (fills === undefined || !plain.includes(true)) return false;
    return fills.every((fill, at) => plain[at] === false || literals.has(fill));
  });
}
