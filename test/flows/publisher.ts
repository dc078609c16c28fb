import assert from 'node:assert/strict';
import type { Answer, Hand, Lines } from './hand.ts';
import { domain } from './hand.ts';

export const dialogType = 'application/dialog-info+xml';
export const summaryType = 'application/simple-message-summary';
export const pidfType = 'application/pidf+xml';

export interface Publish {
  /** Whose credentials. */
  readonly user: string;
  /** Default: his own. */
  readonly resource?: string;
  /** Default `dialog`. */
  readonly event?: string;
  /** Default: that of the event. */
  readonly type?: string;
  readonly body?: string;
  /** Seconds; default: no header. */
  readonly expires?: number | string;
  /** The entity tag of before. */
  readonly tag?: string;
  readonly lines?: Lines;
}

const types: Readonly<Record<string, string>> = {
  dialog: dialogType,
  presence: pidfType,
  'message-summary': summaryType,
  'as-feature-event': 'application/x-as-feature-event+xml',
};

/** Sends a PUBLISH of its own Call-ID, as RFC 3903 4.1 wants them outside of dialogs. */
export function publish(hand: Hand, wanted: Publish): Promise<Answer> {
  const { user, resource = user, event = 'dialog', body = '', expires, tag } = wanted;
  return hand.ask({
    user,
    method: 'PUBLISH',
    uri: `sip:${resource}@${domain}`,
    body,
    lines: {
      Contact: null,
      Event: event,
      ...(body === '' ? {} : { 'Content-Type': wanted.type ?? types[event] ?? 'text/plain' }),
      ...(expires === undefined ? {} : { Expires: String(expires) }),
      ...(tag === undefined ? {} : { 'SIP-If-Match': tag }),
      ...wanted.lines,
    },
  });
}

/** The entity tag of a PUBLISH that must be granted. */
export async function tagOf(answer: Answer | Promise<Answer>): Promise<string> {
  const { status, text, message } = await answer;
  assert.equal(status, 200, text);
  const tags = message.all('SIP-ETag');
  assert.equal(tags.length, 1, text);
  return tags[0] ?? '';
}

export interface Call {
  readonly id: string;
  readonly state?: string;
  readonly direction?: string;
  readonly callId?: string;
}

/** A dialog-info as another PBX writes it; its entity says nothing (P39-12). */
export function dialogBody(...calls: readonly Call[]): string {
  const written = calls.map(({ id, state = 'confirmed', direction = 'recipient', callId }) => {
    const name = callId === undefined ? '' : ` call-id="${callId}"`;
    return `<dialog id="${id}" direction="${direction}"${name}><state>${state}</state>
<remote><identity display="Carol &amp; &lt;Co&gt;">sip:0316@elsewhere.example</identity></remote></dialog>`;
  });
  return `<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="full" entity="sip:somebody@else.where">${written.join('')}</dialog-info>`;
}

export function pidfBody(basic: 'open' | 'closed', note: string): string {
  return `<?xml version="1.0"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:somebody@else.where">
<tuple id="t1"><status><basic>${basic}</basic></status><note>${note}</note></tuple></presence>`;
}

export function summaryBody(fresh: number, old: number): string {
  return `Messages-Waiting: ${fresh > 0 ? 'yes' : 'no'}\r\nMessage-Account: sip:x@else.where\r\nVoice-Message: ${fresh}/${old} (0/0)\r\n`;
}
