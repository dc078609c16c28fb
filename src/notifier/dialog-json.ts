import { hostPort } from '../model/host-port.ts';
import { type DialogState, isTransport } from '../sip/dialog.ts';

type Flow = DialogState['flow'];

const noRoutes: readonly string[] = [];

/**
 * The dialog as it is stored: a fact to a line, our own tag first, the route set last. None of them can hold a line break,
 * the grammar forbids it. Our own CSeq is not in it: the row's `cseqLimit` says where to go on. As JSON a row cost a third
 * more.
 */
export function writeDialog(dialog: DialogState): string {
  const { callId, localTag, remoteTag, localParty, remoteParty, remoteTarget, routeSet, remoteCseq, user } = dialog;
  const { transport, local, remote, connection } = dialog.flow;
  const names = `${localTag}\n${callId}\n${remoteTag}\n${localParty}\n${remoteParty}\n${remoteTarget}\n${remoteCseq}`;
  const way = `${transport}\n${local.address}\n${local.port}\n${remote.address}\n${remote.port}\n${connection}`;
  const text = `${names}\n${way}\n${user ?? ''}`;
  return routeSet.length === 0 ? text : `${text}\n${routeSet.join('\n')}`;
}

/**
 * The stored dialog with our CSeq at `cseq`; null where the text is not what `writeDialog` writes, or once wrote (JSON).
 * `near`: a flow that probably came by the same listener; what they have in common is kept once.
 */
export function readDialog(text: string, cseq: number, near: Flow | null = null): DialogState | null {
  if (!isCount(cseq)) return null;
  // a Call-ID may begin so, a tag of ours never does
  return text.startsWith('{') ? readJson(text, cseq) : readLines(text, cseq, near);
}

function readLines(text: string, cseq: number, near: Flow | null): DialogState | null {
  const lines = new Lines(text);
  const localTag = lines.next();
  const callId = lines.next();
  const remoteTag = lines.next();
  const localParty = lines.next();
  const remoteParty = lines.next();
  const remoteTarget = lines.next();
  const remoteCseq = countOf(lines.next());
  const transport = lines.next();
  const local = { address: lines.next(), port: countOf(lines.next()) };
  const remote = { address: lines.next(), port: countOf(lines.next()) };
  const connection = lines.next();
  if (lines.over) return null;
  const user = lines.next();
  const routeSet = lines.over ? noRoutes : lines.rest();
  if (callId === '' || localTag === '' || localParty === '' || remoteParty === '' || remoteTarget === '') return null;
  if (!isTransport(transport) || !isEndpoint(local) || !isPlace(remote) || !isCount(remoteCseq)) return null;
  if (routeSet.includes('')) return null;
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
    flow: flowLike(near, { transport, local, remote, connection }),
    moved: false,
    user: user === '' ? null : user,
    note: null,
  };
}

function flowLike(near: Flow | null, flow: Flow): Flow {
  const { transport, local, remote, connection } = flow;
  const isNear =
    near?.transport === transport && near.local.port === local.port && near.local.address === local.address;
  return isNear ? { transport: near.transport, local: near.local, remote, connection } : flow;
}

/**
 * Lines of a text, one after the other: cuts of it. They keep it in memory, which is as much as copies would take, as nearly
 * all of it is in one or the other; a copy costs ten times a cut, and there are 800,000 of them for 100,000 phones.
 */
class Lines {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get over(): boolean {
    return this.#at > this.#text.length;
  }

  /** Empty behind the last line. */
  next(): string {
    const start = this.#at;
    const found = this.#text.indexOf('\n', start);
    const end = found < 0 ? this.#text.length : found;
    this.#at = end + 1;
    return this.#text.slice(start, end);
  }

  /** Those that are left. */
  rest(): readonly string[] {
    const all: string[] = [];
    while (!this.over) all.push(this.next());
    return all;
  }
}

function countOf(line: string): number {
  return line === '' ? Number.NaN : Number(line);
}

/** As it was stored up to schema 6. */
function readJson(json: string, cseq: number): DialogState | null {
  const raw = parsed(json);
  if (!isObject(raw)) return null;
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
    moved: false,
    note: null,
  };
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
  return local === null || remote === null || !isPlace(remote) ? null : { transport, local, remote, connection };
}

function readEndpoint(raw: unknown): Flow['local'] | null {
  if (!isObject(raw)) return null;
  const { address, port } = raw;
  const endpoint = { address, port };
  return isEndpoint(endpoint) ? endpoint : null;
}

function isEndpoint(raw: { readonly address: unknown; readonly port: unknown }): raw is Flow['local'] {
  return isText(raw.address) && isCount(raw.port) && raw.port <= 65_535;
}

/** Somebody can be there (RFC 768: nobody has port 0). */
function isPlace(raw: Flow['remote']): boolean {
  return isEndpoint(raw) && raw.port > 0;
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
