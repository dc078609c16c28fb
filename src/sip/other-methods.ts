import type { DialogTable } from './dialog.ts';
import type { HeaderList, SipAnswer, SipRequest } from './engine.ts';
import { extensions } from './extensions.ts';
import { isToken, splitLines } from './headers.ts';
import { type Addressing, readAddressing } from './subscribe-message.ts';

/** What an OPTIONS tells about us. */
export interface Capabilities {
  readonly dialogs: DialogTable;
  readonly allowEvents: HeaderList;
  /** Content types of SUBSCRIBE bodies, and those that come with PUBLISH. */
  readonly accepts: readonly string[];
  readonly publishes: readonly string[];
}

/** Methods that are understood: one of them in the wrong place is not "not allowed". */
const allow: HeaderList = [['Allow', 'SUBSCRIBE, NOTIFY, PUBLISH, OPTIONS']];

/** RFC 3261 11.2: no compression, reasons in English. */
const plain: HeaderList = [
  ['Accept-Encoding', 'identity'],
  ['Accept-Language', 'en'],
  ['Supported', extensions.join(', ')],
];

/** RFC 3261, 3262, 3311, 3428, 3515, 6086: known, and not served here. Others are answered 501. */
const known: ReadonlySet<string> = new Set([
  'INVITE',
  'REGISTER',
  'BYE',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'REFER',
]);

/** The answer to anything but SUBSCRIBE and PUBLISH; null: none at all. Nothing is acted on, nothing is kept. */
export function answerOther(request: SipRequest, capabilities: Capabilities): SipAnswer | null {
  switch (request.method) {
    case 'ACK':
      return null; // RFC 3261 17: never answered
    case 'OPTIONS':
      return answerOptions(request, capabilities);
    case 'NOTIFY': // E65-28: of no subscription of ours
    case 'CANCEL': // RFC 3261 9.2: no such transaction is left, or the engine had answered it
      return { status: 481 };
    case 'PUBLISH': // where nobody takes publications
      return { status: 489, headers: capabilities.allowEvents, smaller: { status: 489 } }; // P39-02
    default:
      return answerUnserved(request, capabilities.dialogs);
  }
}

/** RFC 3261 11.2, E65-23. */
function answerOptions(request: SipRequest, { dialogs, allowEvents, accepts, publishes }: Capabilities): SipAnswer {
  if (!/^sips?:/i.test(request.uri)) return { status: 416 }; // RFC 3261 8.2.2.1
  const addressing = readAddressing(request);
  if (!addressing.ok) return { status: 400, reason: addressing.refusal.message };
  if (isStray(addressing.value, dialogs)) return { status: 481 }; // phones and proxies ask whether a dialog is alive
  const required = splitLines(request.headers('Require'));
  if (!required?.every(isToken)) return { status: 400, reason: 'Malformed Require Header' };
  const unknown = required.filter((tag) => !extensions.includes(tag.toLowerCase()));
  if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
  const taking = (types: readonly string[]): HeaderList =>
    types.length > 0 ? [['Accept', [...new Set(types)].join(', ')]] : [];
  const asking = taking(accepts);
  const all = taking([...accepts, ...publishes]);
  const packages = [...allow, ...allowEvents];
  // what matters most to a phone is left out last
  const smaller = { status: 200, headers: packages, smaller: { status: 200 } };
  const small = { status: 200, headers: [...packages, ...asking], smaller };
  const without = publishes.length === 0 ? small : { status: 200, headers: [...packages, ...all], smaller: small };
  return { status: 200, headers: [...packages, ...all, ...plain], smaller: without };
}

function answerUnserved(request: SipRequest, dialogs: DialogTable): SipAnswer {
  if (!known.has(request.method)) return { status: 501, headers: allow, smaller: { status: 501 } }; // RFC 3261 8.2.1; methods are case-sensitive
  const addressing = readAddressing(request);
  if (!addressing.ok) return { status: 400, reason: addressing.refusal.message };
  return isStray(addressing.value, dialogs)
    ? { status: 481 }
    : { status: 405, headers: allow, smaller: { status: 405 } };
}

/** RFC 3261 12.2.2: inside a dialog that is none of ours, so that a forged NOTIFY is believed by nobody. */
function isStray({ callId, fromTag, toTag }: Addressing, dialogs: DialogTable): boolean {
  return toTag !== null && dialogs.find({ callId, localTag: toTag, remoteTag: fromTag }) === null;
}
