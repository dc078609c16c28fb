import { NotWellFormed } from './not-well-formed.ts';

const qualifiedName = /^(?:([\p{L}_][\p{L}\p{N}\p{M}_.·-]*):)?([\p{L}_][\p{L}\p{N}\p{M}_.·-]*)$/u;

/** A name as the document writes it, in its parts; `prefix` is `''` for none. */
export interface Name {
  readonly prefix: string;
  readonly local: string;
}

/** Namespaces in XML 4, QName; anything else is thrown out. */
export function splitName(name: string): Name {
  const parts = qualifiedName.exec(name);
  if (parts === null) throw new NotWellFormed(); // `<a:b:c>`, `<:a>`, `<!ENTITY …>`: the validator lets them pass
  return { prefix: parts[1] ?? '', local: parts[2] ?? '' };
}

/** What an element declares, before what those around it do: no more of them than levels. A copy of all would be quadratic. */
export interface Namespaces {
  readonly own: ReadonlyMap<string, string>;
  readonly outer: Namespaces | null;
}

/** `xmlns="…"` or `xmlns:x="…"`. */
export function declaresNamespace({ prefix, local }: Name): boolean {
  return prefix === 'xmlns' || (prefix === '' && local === 'xmlns');
}

/** The names in force inside an element with these attributes. */
export function declareNamespaces(
  attributes: readonly (readonly [Name, string])[],
  outer: Namespaces | null,
): Namespaces | null {
  const own = attributes.filter(([name]) => declaresNamespace(name));
  if (own.length === 0) return outer;
  return { own: new Map(own.map(([{ prefix, local }, uri]) => [prefix === '' ? '' : local, uri])), outer };
}

/** Namespaces in XML 6.1, 6.2: the innermost declaration holds, and an empty one takes it back. */
export function namespaceOf(prefix: string, scope: Namespaces | null): string | null {
  const uri = scope?.own.get(prefix);
  if (uri !== undefined) return uri || null;
  return scope === null ? null : namespaceOf(prefix, scope.outer);
}
