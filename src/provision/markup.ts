import { type XmlAttributes, XmlWriter } from '../xml/write.ts';
import type { Section } from './vendor.ts';

/** An element's name and attributes, constants of the program but for the attributes' values. */
export interface Tag {
  readonly name: string;
  readonly attributes?: XmlAttributes;
}

/** One setting of a form in XML. */
export interface Leaf extends Tag {
  /** The elements it stands in, below the root. Neighbours share an element that is the same object. */
  readonly within: readonly Tag[];
  /** Absent: there is no content. */
  readonly text?: string;
}

/** A document of XML with a line for each setting. */
export function xmlDocument(root: Tag, sections: readonly Section<Leaf>[]): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', opening(root)];
  const open: Tag[] = [];
  const write = (markup: string) => lines.push(`${'  '.repeat(open.length + 1)}${markup}`);
  const leave = (depth: number) => {
    while (open.length > depth) {
      const tag = open.pop();
      if (tag !== undefined) write(`</${tag.name}>`);
    }
  };
  for (const { about, settings } of sections) {
    for (const [at, leaf] of settings.entries()) {
      leave(shared(open, leaf.within));
      for (const tag of leaf.within.slice(open.length)) {
        write(opening(tag));
        open.push(tag);
      }
      if (at === 0) write(`<!-- ${about} -->`);
      write(leafOf(leaf));
    }
  }
  leave(0);
  return `${[...lines, `</${root.name}>`].join('\n')}\n`;
}

/** A document whose settings are attributes. */
export function attributeDocument(
  root: Tag,
  element: string,
  sections: readonly Section<readonly [string, string]>[],
): string {
  const lines = sections.flatMap(({ about, settings }) => [
    `  <!-- ${about} -->`,
    `  <${element}`,
    ...settings.map(([name, value]) => `    ${attribute(name, value)}`),
    '  />',
  ]);
  return ['<?xml version="1.0" encoding="UTF-8"?>', opening(root), ...lines, `</${root.name}>`, ''].join('\n');
}

function shared(open: readonly Tag[], within: readonly Tag[]): number {
  const other = open.findIndex((tag, at) => within[at] !== tag);
  return other < 0 ? open.length : other;
}

function leafOf({ name, attributes, text }: Leaf): string {
  return new XmlWriter('UTF-8', 'piece').leaf(name, attributes ?? {}, text).end();
}

/** The beginning of an element, cut from one that is whole. */
function opening({ name, attributes }: Tag): string {
  return new XmlWriter('UTF-8', 'piece')
    .leaf(name, attributes ?? {}, '')
    .end()
    .slice(0, -`</${name}>`.length);
}

function attribute(name: string, value: string): string {
  return new XmlWriter('UTF-8', 'piece')
    .leaf('x', { [name]: value })
    .end()
    .slice('<x '.length, -'/>'.length);
}
