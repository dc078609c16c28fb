import { type Alias, type Document, isAlias, isNode, isPair, isScalar, isSeq, type Node, type Pair, visit } from 'yaml';
import { replaceTag } from './merge.ts';

/** A mark of YAML that leads nowhere, and most often is text without its quotes. */
export interface StrayMark {
  /** Dotted, within its file. */
  readonly path: string;
  /** In the text. */
  readonly offset: number;
  /** What is wrong. */
  readonly message: string;
}

/** What every YAML can read; other tags have no meaning here. */
const known = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/;

type Ancestors = readonly (Document | Node | Pair)[];

/**
 * `*8`, `&8` and `!8` without quotes, which is how admins of Asterisk write feature codes: YAML reads an alias, an anchor and
 * a tag. The first would fail with no place; the others would be nothing, without a word.
 */
export function strayMarks(document: Document): readonly StrayMark[] {
  const found: StrayMark[] = [];
  const anchors = new Map<string, Node>();
  visit(document, (key, node, ancestors) => {
    if (isPair(node) && isScalar(node.key) && node.key.value === '<<' && document.directives?.yaml.version !== '1.1') {
      found.push({
        ...at(node.key, 'value', [...ancestors, node]),
        message: 'YAML 1.2 has no <<; write the settings out',
      });
    }
    if (!isNode(node)) return;
    const message = isAlias(node) ? ofAlias(node, anchors, ancestors) : ofOther(node);
    // an anchor is known to what comes behind it
    if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (message !== null) found.push({ ...at(node, key, ancestors), message });
  });
  return found;
}

function ofAlias({ source }: Alias, anchors: ReadonlyMap<string, Node>, ancestors: Ancestors): string | null {
  const meant = anchors.get(source);
  if (meant === undefined) return quoted(`*${source}`, `as an alias, and no anchor &${source} comes before it`);
  return ancestors.includes(meant) ? `*${source} stands within what it stands for` : null;
}

function ofOther(node: Exclude<Node, Alias>): string | null {
  const { tag } = node;
  if (tag === replaceTag) return isSeq(node) ? null : `${replaceTag} is for lists`;
  if (tag !== undefined && !known.test(tag)) return quoted(tag, 'as a tag, and there is none of this name');
  const isEmpty = isScalar(node) && node.value === null;
  return isEmpty && node.anchor !== undefined
    ? quoted(`&${node.anchor}`, 'as an anchor, and nothing is behind it')
    : null;
}

function quoted(text: string, why: string): string {
  const whole = text.replace(/^tag:yaml\.org,2002:/, '!!');
  return `${whole} must be written in quotes, '${whole.replaceAll("'", "''")}': YAML reads it ${why}`;
}

function at(node: Node, key: unknown, ancestors: Ancestors): Omit<StrayMark, 'message'> {
  // a key has no path but that of what it is in
  const above = key === 'key' ? ancestors.slice(0, -1) : ancestors;
  const steps = [...above, node].flatMap((step, index, all): (string | number)[] => {
    const list = all[index - 1];
    if (isPair(step)) return isScalar(step.key) ? [String(step.key.value)] : [];
    return isSeq(list) && isNode(step) ? [list.items.indexOf(step)] : [];
  });
  return { path: steps.join('.'), offset: node.range?.[0] ?? 0 };
}
