import type { DialogPhase } from '../../model/dialog-state.ts';
import { granted, type Outcome, refused } from '../../model/outcome.ts';
import type { Published, PublishedDialog } from '../../model/publication.ts';
import type { XmlElement } from '../../xml/element.ts';
import { readXml } from '../../xml/read.ts';
import type { Publication } from '../event-package.ts';
import { mediaType } from '../media-type.ts';
import { partyOf } from './party.ts';
import { mediaType as dialogInfoType, namespace } from './words.ts';

/** Some forty calls as PBXs write them. */
export const maxPublishBytes = 32_768;
/** Living dialogs of one publication. */
const maxDialogs = 50;
const maxIdLength = 256;

const phases: readonly string[] = [
  'trying',
  'proceeding',
  'early',
  'confirmed',
  'terminated',
] satisfies readonly DialogPhase[];

/**
 * Reads the dialogs that somebody else tells of a resource: another PBX, a proxy, the phone itself (RFC 4235 4). A full
 * document is all there is; a partial one adds to what the same publication said `before`, and what it calls terminated is
 * gone (RFC 4235 4.3). Versions are not looked at: PUBLISHes have an order of their own. Refusals: 415, 413 (too large, too
 * many living dialogs), 400 (no XML, no dialog-info, a dialog without id or without a state of RFC 4235 3.7.1).
 */
export function parseDialogInfo(
  body: Buffer,
  contentType: string,
  before: Published | null = null,
): Outcome<Publication> {
  if (mediaType(contentType) !== dialogInfoType) return refused('body-type', `expected ${dialogInfoType}`, 415);
  const read = readXml(body, { maxBytes: maxPublishBytes });
  if (!read.ok) return read;
  const root = read.value;
  if (root.name !== 'dialog-info' || !isOurs(root)) return refused('not-dialog-info', 'expected <dialog-info>', 400);

  const partial = root.attributes.get('state')?.trim().toLowerCase() === 'partial';
  const kept = partial && before?.kind === 'dialogs' ? before.dialogs : [];
  const living = new Map(kept.map((dialog) => [dialog.id, dialog]));
  for (const element of root.children) {
    if (element.name !== 'dialog' || !isOurs(element)) continue; // RFC 4235 3.8: what is not known is passed over
    const dialog = readDialog(element);
    if (!dialog.ok) return dialog;
    // The last word counts: Yealink tells the end of one call and the next in one document.
    living.delete(dialog.value.id);
    if (dialog.value.phase !== 'terminated') living.set(dialog.value.id, dialog.value);
  }
  if (living.size > maxDialogs) return refused('too-many-dialogs', `more than ${maxDialogs} dialogs`, 413);
  return granted({ said: { kind: 'dialogs', dialogs: [...living.values()] }, wishes: [] });
}

/** Prefixed or not; no namespace at all is how a prefix without declaration reads (peers forward such). */
function isOurs({ namespace: ns }: XmlElement): boolean {
  return ns === namespace || ns === null;
}

function readDialog(element: XmlElement): Outcome<PublishedDialog> {
  const id = element.attributes.get('id') ?? '';
  if (id === '' || id.length > maxIdLength) {
    return refused('dialog-without-id', `a dialog needs an id of 1 to ${maxIdLength} characters`, 400);
  }
  const phase = childOf(element, 'state')?.text.trim().toLowerCase() ?? '';
  if (!isPhase(phase)) return refused('dialog-state', 'a dialog needs a state of RFC 4235', 400);
  return granted({
    id,
    phase,
    // RFC 4235 4.1.1 leaves it out where nobody shall know; then a lamp that rings rings for this resource.
    direction: element.attributes.get('direction')?.trim().toLowerCase() === 'initiator' ? 'initiator' : 'recipient',
    holding: isHolding(childOf(element, 'local')),
    remote: partyOf(childOf(element, 'remote')),
    ...sipKey('callId', element.attributes.get('call-id')),
    // RFC 4235 4.1.1 is seen from the resource's phone, a leg from the PBX that serves it.
    ...sipKey('localTag', element.attributes.get('remote-tag')),
    ...sipKey('remoteTag', element.attributes.get('local-tag')),
  });
}

function isPhase(text: string): text is DialogPhase {
  return phases.includes(text);
}

/** RFC 4235 5.2: who renders nothing holds. `pvalue` and names without `+` are what PBXs write. */
function isHolding(local: XmlElement | undefined): boolean {
  const params = local === undefined ? [] : (childOf(local, 'target')?.children ?? []);
  return params.some(({ name, attributes }) => {
    const what = attributes.get('pname')?.trim().toLowerCase();
    const value = attributes.get('pval') ?? attributes.get('pvalue');
    return (
      name === 'param' && (what === '+sip.rendering' || what === 'sip.rendering') && /^\s*"?no"?\s*$/i.test(value ?? '')
    );
  });
}

/** Absent where it is nothing that could stand in a SIP message. */
function sipKey<Name extends 'callId' | 'localTag' | 'remoteTag'>(
  name: Name,
  value: string | undefined,
): { readonly [name in Name]?: string } {
  const usable = value !== undefined && value.length <= maxIdLength && /^[!-~]+$/.test(value);
  return usable ? ({ [name]: value } as { readonly [name in Name]: string }) : {};
}

function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name);
}
