import { hostPort } from '../model/host-port.ts';
import { type DialogState, isTransport } from '../sip/dialog.ts';

type Flow = DialogState['flow'];

/** The dialog as it is stored. Our own CSeq is not in it: the row's `cseqLimit` says where to go on. */
export function writeDialog(dialog: DialogState): string {
  const { callId, localTag, remoteTag, localParty, remoteParty, remoteTarget, routeSet, remoteCseq, flow, user } =
    dialog;
  return JSON.stringify({
    callId,
    localTag,
    remoteTag,
    localParty,
    remoteParty,
    remoteTarget,
    routeSet,
    remoteCseq,
    flow,
    user,
  });
}

/** The stored dialog with our CSeq at `cseq`; null where the text is not what `writeDialog` writes. */
export function readDialog(json: string, cseq: number): DialogState | null {
  const raw = parsed(json);
  if (!isObject(raw) || !isCount(cseq)) return null;
  const { callId, localTag, remoteTag, localParty, remoteParty, remoteTarget, routeSet, remoteCseq, user } = raw;
  const flow = readFlow(raw['flow']);
  if (!isText(callId) || !isText(localTag) || !isText(remoteTag, 0) || !isText(localParty) || !isText(remoteParty)) {
    return null;
  }
  if (!isText(remoteTarget) || !isCount(remoteCseq) || flow === null) return null;
  if (!Array.isArray(routeSet) || !routeSet.every((route): route is string => isText(route))) return null;
  if (user !== null && !isText(user, 0)) return null;
  return {
    callId,
    localTag,
    remoteTag,
    localParty,
    remoteParty,
    remoteTarget,
    routeSet,
    localCseq: cseq,
    localCseqLimit: cseq,
    remoteCseq,
    flow,
    user,
    note: null,
  };
}

/** RFC 3261 12: what names a dialog is equal. */
export function isSameDialog(a: DialogState, b: DialogState): boolean {
  return a.localTag === b.localTag && a.callId === b.callId && a.remoteTag === b.remoteTag;
}

/** `udp:192.0.2.1:5060`. */
export function flowName(flow: Flow): string {
  const { address, port } = flow.remote;
  return `${flow.transport}:${hostPort(address, port)}`;
}

function readFlow(raw: unknown): Flow | null {
  if (!isObject(raw)) return null;
  const { transport, connection } = raw;
  const local = readEndpoint(raw['local']);
  const remote = readEndpoint(raw['remote']);
  if (!isTransport(transport) || !isText(connection, 0)) return null;
  return local === null || remote === null ? null : { transport, local, remote, connection };
}

function readEndpoint(raw: unknown): Flow['local'] | null {
  if (!isObject(raw)) return null;
  const { address, port } = raw;
  return isText(address) && isCount(port) && port <= 65_535 ? { address, port } : null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function isObject(raw: unknown): raw is { readonly [key: string]: unknown } {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

function isText(raw: unknown, least = 1): raw is string {
  return typeof raw === 'string' && raw.length >= least;
}

function isCount(raw: unknown): raw is number {
  return Number.isSafeInteger(raw) && Number(raw) >= 0;
}
