/** An element as plain data. Values are text as the sender wrote it: nothing is taken for a number or a truth value. */
export interface XmlElement {
  /** Local name, without prefix. */
  readonly name: string;
  /** The namespace it is in; null for none, and for a prefix nobody declared. */
  readonly namespace: string | null;
  /** By local name; of `id` and `x:id` the unprefixed wins. Namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Child elements in document order. */
  readonly children: readonly XmlElement[];
  /** Own character data, decoded. Blanks around it are cut off, encoded ones (`&#10;`) stay to be judged. */
  readonly text: string;
}
