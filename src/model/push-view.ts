import type { Aor } from './aor.ts';

/** What the phones of a user are told through their PBX, of one package, as the admin sees it. */
export interface PushView {
  readonly aor: Aor;
  readonly event: string;
  /**
   * `told`: everything is out; `waiting`: something is to go; `subscribed`: a phone of his subscribes here, and is told by
   * that; `failed`: the last attempt was refused, and the next change or registration is the next one.
   */
  readonly state: 'told' | 'waiting' | 'subscribed' | 'failed';
  /** Why it waits or failed; null: nothing is wrong. */
  readonly reason: string | null;
  /** NOTIFYs handed to the PBX since this process started. What phones answered no PBX tells. */
  readonly notifies: number;
  /** Milliseconds since the epoch; null: none was sent yet. */
  readonly lastNotifyAt: number | null;
}
