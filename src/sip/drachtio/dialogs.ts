import type { AddressedRequest, Endpoint } from '../engine.ts';

/** What is kept of a dialog of ours that the server may hold, too: nothing of it outlives this process. */
export interface HeldDialog {
  /** Our tag: the server gives it to every request that joins the dialog. */
  readonly localTag: string;
  /** Where its first request came in; null: that was before this process. */
  readonly local: Endpoint | null;
  /** Where the server sends what we give it by the dialog's name; null: unknown, so we never do. */
  readonly way: { readonly target: string; readonly remote: Endpoint } | null;
  /**
   * The server counts the CSeq of what goes by name. Once we have counted ourselves it is behind: then all goes by
   * explicit headers.
   */
  byName: boolean;
  /** The server has none, or none any more: there is nothing to end. */
  ended: boolean;
  /** The last Event that was told. */
  event: string;
}

/** The server's name of a dialog whose first SUBSCRIBE was the phone's (its sip-dialog.hpp, getDialogId). */
export function dialogName(callId: string, remoteTag: string): string {
  return `${callId};from-tag=${remoteTag}`;
}

/** More than there can be subscriptions; beyond, the oldest are forgotten and go by explicit headers. */
const most = 200_000;

/** The dialogs by the server's names. */
export class HeldDialogs {
  readonly #byName = new Map<string, HeldDialog>();

  get(name: string): HeldDialog | null {
    return this.#byName.get(name) ?? null;
  }

  set(name: string, dialog: HeldDialog): void {
    this.#byName.set(name, dialog);
    if (this.#byName.size <= most) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }
}

/** The server copies the target of a dialog into 256 bytes (its sip-dialog-controller.cpp, doSendRequestInsideDialog). */
const longestTarget = 250;

/**
 * True where a request by the dialog's name reaches the phone. The server goes on to the first Contact, and for UDP to the
 * address the first request came from, wherever the phone has moved since; connections it follows by itself.
 */
export function goesByName(held: HeldDialog, { uri, flow, dialogLives }: AddressedRequest): boolean {
  const { way, byName } = held;
  // `terminated` by name ends the whole dialog at the server, whatever other subscriptions it has
  if (!byName || way === null || dialogLives === true) return false;
  if (way.target !== uri || uri.length > longestTarget) return false;
  if (flow.transport !== 'udp') return true;
  return way.remote.address === flow.remote.address && way.remote.port === flow.remote.port;
}
