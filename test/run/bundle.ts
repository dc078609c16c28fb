import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

interface Bundled {
  readonly id: number;
  body: string;
}

/**
 * A module with all it imports below the same folder, each in a function of its own; packages are required where they are, when
 * the first module that imports them runs. What `import.meta.url` says does not change. Made for what `tsc` writes here: an
 * export that is assigned later, and an import in a circle, throw.
 *
 * @param entry an absolute path; it may use `await` at its top level, the others may not.
 * @returns the text of a CommonJS module.
 */
export function bundle(entry: string): string {
  const modules = new Map<string, Bundled>();
  add(modules, entry, []);
  const all = [...modules].map(([path, { id, body }]) => {
    const head = `${id === 0 ? 'async ' : ''}(__exports, __url = ${JSON.stringify(pathToFileURL(path).href)})`;
    return `${head} => {\n${body}\n}`;
  });
  return `${runtime}const __all = [\n${all.join(',\n')}\n];\n__module(0);\n`;
}

const runtime = `'use strict';
const __loaded = [];
function __module(id) {
  if (__loaded[id] === undefined) __all[id]((__loaded[id] = {}));
  return __loaded[id];
}
const __default = (module) => (module.__esModule ? module.default : module);
`;

function add(modules: Map<string, Bundled>, path: string, circle: readonly string[]): number {
  if (circle.includes(path)) throw new Error(`imports in a circle: ${[...circle, path].join(' ')}`);
  const known = modules.get(path);
  if (known !== undefined) return known.id;
  const here: Bundled = { id: modules.size, body: '' };
  modules.set(path, here);
  const text = readFileSync(path, 'utf8');
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, false, ts.ScriptKind.JS);
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  const replace = (node: ts.Node, by: string) => edits.push({ from: node.getStart(source), to: node.end, text: by });

  /** An expression for the exports of what is named. */
  const taken = (specifier: ts.Expression | undefined): string => {
    const name = literal(specifier);
    if (!name.startsWith('.')) return `require(${JSON.stringify(name)})`;
    return `__module(${add(modules, resolve(dirname(path), name), [...circle, path])})`;
  };

  const last: string[] = [];
  for (const node of source.statements) {
    if (ts.isImportDeclaration(node)) replace(node, imported(node.importClause, taken(node.moduleSpecifier)));
    else if (ts.isExportDeclaration(node)) {
      const from = node.moduleSpecifier === undefined ? null : taken(node.moduleSpecifier);
      last.push(exported(node.exportClause, from));
      replace(node, from === null ? '' : `${from};`);
    } else {
      for (const name of declared(node)) last.push(`__exports.${name} = ${name};`);
      const word = ts.canHaveModifiers(node) ? ts.getModifiers(node)?.[0] : undefined;
      if (word?.kind === ts.SyntaxKind.ExportKeyword) replace(word, '');
    }
  }
  const walk = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [what] = node.arguments;
      if (what !== undefined && ts.isStringLiteral(what) && what.text.startsWith('.')) {
        const id = add(modules, resolve(dirname(path), what.text), []);
        replace(node, `Promise.resolve().then(() => __module(${id}))`);
      }
    } else if (ts.isMetaProperty(node)) replace(node, '({ url: __url })');
    ts.forEachChild(node, walk);
  };
  if (/import[(.]/.test(text)) walk(source);

  let end = text.length;
  const parts: string[] = [];
  for (const edit of edits.sort((a, b) => b.from - a.from)) {
    parts.unshift(edit.text, text.slice(edit.to, end));
    end = edit.from;
  }
  const start = text.startsWith('#!') ? text.indexOf('\n') : 0;
  here.body = `${text.slice(start, end)}${parts.join('')}\n${last.join('\n')}`;
  return here.id;
}

/** What takes an import's place. */
function imported(clause: ts.ImportClause | undefined, from: string): string {
  const { name, namedBindings } = clause ?? {};
  const parts: string[] = [];
  if (name !== undefined) parts.push(`const ${name.text} = __default(${from});`);
  if (namedBindings === undefined) parts.push(`${from};`);
  else if (ts.isNamespaceImport(namedBindings)) parts.push(`const ${namedBindings.name.text} = ${from};`);
  else {
    const taken = namedBindings.elements.map((one) => pair(one.propertyName ?? one.name, one.name));
    parts.push(`const { ${taken.join(', ')} } = ${from};`);
  }
  return parts.join(' ');
}

function exported(clause: ts.NamedExportBindings | undefined, from: string | null): string {
  if (clause === undefined) return `Object.assign(__exports, ${from});`;
  if (ts.isNamespaceExport(clause)) return `__exports.${clause.name.text} = ${from};`;
  return clause.elements
    .map(({ propertyName, name }) => {
      const inner = (propertyName ?? name).text;
      return `__exports.${name.text} = ${from === null ? inner : `${from}.${inner}`};`;
    })
    .join(' ');
}

/** The names that an exported declaration makes. */
function declared(node: ts.Statement): readonly string[] {
  const words = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  if (!words.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
    if (ts.isExportAssignment(node)) throw new Error('a default export');
    return [];
  }
  if ((ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name !== undefined) {
    if (words.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword)) throw new Error('a default export');
    return [node.name.text];
  }
  if (!ts.isVariableStatement(node)) throw new Error('an export of a kind that is not known here');
  if ((node.declarationList.flags & ts.NodeFlags.Const) === 0) throw new Error('an export that is assigned later');
  return node.declarationList.declarations.flatMap(({ name }) => names(name));
}

function names(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((one) => (ts.isOmittedExpression(one) ? [] : names(one.name)));
}

function pair(outer: ts.ModuleExportName, inner: ts.Identifier): string {
  return outer.text === inner.text ? inner.text : `${outer.text}: ${inner.text}`;
}

function literal(node: ts.Expression | undefined): string {
  if (node === undefined || !ts.isStringLiteral(node)) throw new Error('an import of what is not named');
  return node.text;
}
