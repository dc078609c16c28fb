import { escapeText } from './characters.ts';

type Encoding = 'UTF-8' | 'ISO-8859-1';

/** What a writer made, so that nothing else is put into a document as it is. */
export type Markup = string & { readonly [written]: true };
declare const written: unique symbol;

/** Attributes left undefined are left out. */
export type XmlAttributes = Readonly<Record<string, string | undefined>>;

/**
 * Writes one XML document: the only way text from anywhere becomes markup. Element and attribute names must be constants
 * of the program; values may be anything: they are escaped, and what XML cannot carry (control characters, lone
 * surrogates) is dropped. As ISO-8859-1 the document is pure ASCII, the rest are character references, so that the bytes
 * are right under either declaration.
 */
export class XmlWriter {
  readonly #ascii: boolean;
  readonly #what: 'document' | 'piece';
  readonly #open: string[] = [];
  #text: string;

  /** @param doctype the line of an old format that has one; a constant of the program. */
  constructor(encoding: Encoding, what: 'document' | 'piece' = 'document', doctype = '') {
    this.#ascii = encoding === 'ISO-8859-1';
    this.#what = what;
    this.#text = what === 'piece' ? '' : `<?xml version="1.0" encoding="${encoding}"?>\n`;
    if (doctype !== '') this.#text += `${doctype}\n`;
  }

  /** Starts an element; `close` ends it. */
  open(name: string, attributes: XmlAttributes = {}): this {
    this.#text += `<${name}${this.#attributes(attributes)}>`;
    this.#open.push(name);
    return this;
  }

  /** An element with text, `''` included; without `text` a self-closed one. */
  leaf(name: string, attributes: XmlAttributes, text?: string): this {
    const start = `<${name}${this.#attributes(attributes)}`;
    this.#text += text === undefined ? `${start}/>` : `${start}>${escapeText(text, this.#ascii)}</${name}>`;
    return this;
  }

  close(): this {
    this.#text += `</${this.#open.pop()}>`;
    return this;
  }

  /** Puts in a piece that was written before, with the same encoding. */
  put(piece: Markup): this {
    this.#text += piece;
    return this;
  }

  /** Closes what is open and gives the document or piece. */
  end(): Markup {
    while (this.#open.length > 0) this.close();
    return (this.#what === 'document' ? whole(this.#text) : this.#text) as Markup;
  }

  #attributes(attributes: XmlAttributes): string {
    let text = '';
    for (const name in attributes) {
      const value = attributes[name];
      if (value !== undefined) text += ` ${name}="${escapeText(value, this.#ascii)}"`;
    }
    return text;
  }
}

/**
 * What `+=` makes is a tree of pieces, which V8 joins when somebody looks into it: 40 objects of a lamp, 4.5 kB, that live as
 * long as the document does. `indexOf` looks into it.
 */
function whole(text: string): string {
  return text.indexOf('<') < 0 ? '' : text;
}
