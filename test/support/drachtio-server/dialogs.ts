import type { ControlClient } from './control-client.ts';
import type { Received } from './server-transactions.ts';
import type { SipConnection } from './sip-sockets.ts';
import { all, first, hostPort, placeOf, type SipText, split, tagOf, untagged, uriOf } from './sip-text.ts';

/** What a SUBSCRIBE and its 2xx made: sofia's leg and drachtio's SipDialog in one. */
export interface Dialog {
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From and To of requests of ours, without tags. */
  readonly local: string;
  readonly remote: string;
  /** Of the last request in it; the next has one more. */
  cseq: number;
  /** Never moves: sofia is told of no later Contact. */
  readonly target: string;
  readonly routes: readonly string[];
  /** The TCP connection it was made by; null: UDP. */
  readonly connection: SipConnection | null;
  /** Where requests go over UDP because the Contact differs from the source, as a URI; '' = nowhere else. */
  readonly natHop: string;
}

/** A SUBSCRIBE of a client that has no 2xx yet. */
export interface EarlyDialog {
  readonly id: string;
  readonly callId: string;
  readonly localTag: string;
  readonly local: string;
}

/** The dialog that a 2xx of ours with this tag makes. */
export function dialogOfUas({ message, path }: Received, localTag: string): Dialog {
  const from = first(message, 'from');
  const callId = first(message, 'call-id');
  const remoteTag = tagOf(from) ?? '';
  const target = uriOf(first(message, 'contact'));
  const routes = split(all(message, 'record-route'));
  const contact = placeOf(target);
  const { address, port } = path.remote;
  // SipDialog::SipDialog, "UDP nat check": no Record-Route, and a Contact that is not the source
  const elsewhere = contact !== null && (contact.host !== address || (contact.hasPort && contact.port !== port));
  return {
    id: dialogId(callId, remoteTag),
    callId,
    localTag,
    remoteTag,
    local: untagged(first(message, 'to')),
    remote: untagged(from),
    cseq: Number(first(message, 'cseq').split(' ', 1)[0]),
    target,
    routes,
    connection: path.connection,
    natHop: path.connection === null && routes.length === 0 && elsewhere ? `sip:${hostPort(path.remote)}` : '',
  };
}

/** The dialog that a 2xx to a SUBSCRIBE of a client makes. */
export function dialogOfUac(early: EarlyDialog, answer: SipText, connection: SipConnection | null): Dialog {
  const to = first(answer, 'to');
  return {
    id: early.id,
    callId: early.callId,
    localTag: early.localTag,
    remoteTag: tagOf(to) ?? '',
    local: early.local,
    remote: untagged(to),
    cseq: Number(first(answer, 'cseq').split(' ', 1)[0]),
    target: uriOf(first(answer, 'contact')),
    routes: split(all(answer, 'record-route')).reverse(),
    connection,
    natHop: '',
  };
}

/** `from-tag` is that of the caller, whoever he is. */
export function dialogId(callId: string, callerTag: string): string {
  return `${callId};from-tag=${callerTag}`;
}

/** Dialogs, and the clients they belong to. */
export class Dialogs {
  readonly #byId = new Map<string, Dialog>();
  readonly #byCall = new Map<string, Dialog[]>();
  /** Outlives its dialog where that is ended by a request of a client: drachtio forgets to take it out. */
  readonly #clients = new Map<string, ControlClient>();
  readonly #early = new Map<string, EarlyDialog>();

  get ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  add(dialog: Dialog, client: ControlClient): void {
    this.end(dialog.id);
    this.#byId.set(dialog.id, dialog);
    this.#byCall.set(dialog.callId, [...(this.#byCall.get(dialog.callId) ?? []), dialog]);
    // `map::insert`: one that is there stays; is he gone, the dialog belongs to nobody (addDialogForTransaction)
    if (!this.#clients.has(dialog.id)) this.#clients.set(dialog.id, client);
    if (this.clientOf(dialog.id) === undefined) this.#clients.delete(dialog.id);
  }

  begin(early: EarlyDialog): void {
    this.#early.set(early.id, early);
  }

  /** Its SUBSCRIBE has a final answer. */
  settle(early: EarlyDialog): void {
    this.#early.delete(early.id);
  }

  /** True: it belongs to a SUBSCRIBE of a client that is not answered. */
  isEarly(callId: string, toTag: string | undefined): boolean {
    return [...this.#early.values()].some((it) => it.callId === callId && it.localTag === toTag);
  }

  get(id: string): Dialog | undefined {
    return this.#byId.get(id);
  }

  /** undefined: he has disconnected. Nobody else is asked instead. */
  clientOf(id: string): ControlClient | undefined {
    const client = this.#clients.get(id);
    return client?.closed === false ? client : undefined;
  }

  /** sofia's `leg_find`: a request without To tag joins the leg of its Call-ID and From tag. */
  find(callId: string, fromTag: string | undefined, toTag: string | undefined): Dialog | undefined {
    for (const dialog of this.#byCall.get(callId) ?? []) {
      if (dialog.remoteTag.toLowerCase() !== fromTag?.toLowerCase()) continue;
      if (toTag === undefined || dialog.localTag.toLowerCase() === toTag.toLowerCase()) return dialog;
    }
    return undefined;
  }

  /** The dialog is over. */
  end(id: string): void {
    const dialog = this.#byId.get(id);
    if (dialog === undefined) return;
    this.#byId.delete(id);
    const others = (this.#byCall.get(dialog.callId) ?? []).filter((it) => it !== dialog);
    if (others.length > 0) this.#byCall.set(dialog.callId, others);
    else this.#byCall.delete(dialog.callId);
  }

  /** And nobody owns it any more. */
  disown(id: string): void {
    this.#clients.delete(id);
  }

  clear(): void {
    this.#byId.clear();
    this.#byCall.clear();
    this.#early.clear();
    this.#clients.clear();
  }
}
