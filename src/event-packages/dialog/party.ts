import type { Party } from '../../model/dialog-state.ts';
import type { XmlElement } from '../../xml/element.ts';
import { foreignText } from '../foreign-text.ts';

const maxNameLength = 128;
const maxNumberLength = 64;

/** Nobody is known at the other end. */
const nobody: Party = { number: null, name: null, presentable: true };

/**
 * The other side, from the `<remote>` of a dialog. The domain is not kept: a number of another PBX is dialled here as it is
 * dialled there, or not at all.
 */
export function partyOf(remote: XmlElement | undefined): Party {
  if (remote === undefined) return nobody;
  const child = (name: string) => remote.children.find((each) => each.name === name);
  const identity = child('identity');
  // `display` by the text of RFC 4235 4.1.6.1, `display-name` by its schema.
  const display = identity?.attributes.get('display') ?? identity?.attributes.get('display-name') ?? '';
  const name = foreignText(display, maxNameLength) || null;
  const uri = identity?.text || child('target')?.attributes.get('uri') || '';
  if (isAnonymous(uri)) return { number: null, name: null, presentable: false };
  return { number: numberOf(uri), name, presentable: true };
}

/** RFC 3323 4.1.1.3, and how PBXs write it. */
function isAnonymous(uri: string): boolean {
  return /^[^@]*@anonymous\.invalid\b|^<?sips?:(?:anonymous|restricted)@/i.test(uri);
}

/** The user part of a SIP URI, or a tel URI's number; null where there is none that could be shown. */
function numberOf(uri: string): string | null {
  const bare = /<([^<>]*)>/.exec(uri)?.[1] ?? uri; // a whole name-addr where only a URI belongs
  const sip = /^sips?:([^@]+)@/i.exec(bare)?.[1];
  const user = sip?.split(':', 1)[0] ?? /^tel:([^;]+)/i.exec(bare)?.[1] ?? '';
  const number = foreignText(unescaped(user), maxNumberLength + 1);
  return number === '' || number.length > maxNumberLength ? null : number;
}

function unescaped(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user; // escapes that are none, or no UTF-8
  }
}
