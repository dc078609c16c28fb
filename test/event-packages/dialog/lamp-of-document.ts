import type { XmlElement } from '../../../src/xml/element.ts';

/** `id state`, in document order: what a lamp is lit by. */
export function statesOf(root: XmlElement): readonly string[] {
  return root.children.map((dialog) => `${dialog.attributes.get('id')} ${stateOf(dialog)}`);
}

export function stateOf(dialog: XmlElement): string {
  return dialog.children.find(({ name }) => name === 'state')?.text ?? '';
}

/** The `local` or `remote` of the first dialog, as `display <uri> target params`. */
export function sideOf(root: XmlElement, side: 'local' | 'remote'): string | undefined {
  const found = root.children[0]?.children.find(({ name }) => name === side);
  if (found === undefined) return undefined;
  const identity = found.children.find(({ name }) => name === 'identity');
  const target = found.children.find(({ name }) => name === 'target');
  const params = target?.children.map(({ attributes }) => [...attributes.values()].join('=')) ?? [];
  return [
    identity?.attributes.get('display') ?? '-',
    `<${identity?.text ?? ''}>`,
    target?.attributes.get('uri') ?? '-',
    ...params,
  ].join(' ');
}
