import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { isTransport } from '../dialog.ts';
import type { Endpoint, Flow, Transport } from '../engine.ts';

/** The phone's side of a dialog, and the PBX's. */
export interface DialogWay {
  /** The phone's path when the dialog passed. */
  readonly flow: Flow;
  /** `LearntPhone.id`, whose flow is newer than the one above; null: the phone had not registered by it. */
  readonly phone: string | null;
  /** Index of the upstream. */
  readonly upstream: number;
}

const transports: readonly Transport[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
/** 80 bits: nobody tries so many against a server that answers each. */
const signatureBytes = 10;
const idBytes = 12;
const idPattern = /^[A-Za-z0-9_-]{16}$/;
const tokenPattern = /^[A-Za-z0-9_-]{30,255}$/;
const hasPhone = 0x80;
const maxConnection = 64;

/**
 * The user part of our Record-Route URIs: what says where the requests of a dialog go, and that it was us who said so.
 * Signed together with the Call-ID, so that it is good for this one dialog; nothing is kept, so it outlives a restart.
 */
export class DialogTokens {
  readonly #key: Buffer;

  /** `secret`: of the store, the same after a restart. */
  constructor(secret: Buffer) {
    // its own key: what is signed here can be shown nowhere else
    this.#key = createHmac('sha256', secret).update('inline dialog').digest();
  }

  /** Letters, digits, `-` and `_`: nothing that a URI would escape. */
  seal({ flow, phone, upstream }: DialogWay, callId: string): string {
    const id = phone !== null && idPattern.test(phone) ? Buffer.from(phone, 'base64url') : null;
    const packed = Buffer.concat([
      Buffer.from([transports.indexOf(flow.transport) | (id === null ? 0 : hasPhone), upstream & 0xff]),
      id ?? Buffer.alloc(0),
      packEndpoint(flow.local),
      packEndpoint(flow.remote),
      Buffer.from(flow.connection.slice(0, maxConnection), 'latin1'),
    ]);
    return Buffer.concat([packed, this.#sign(packed, callId)]).toString('base64url');
  }

  /** Null: none of ours, or of another dialog. */
  open(text: string, callId: string): DialogWay | null {
    if (!tokenPattern.test(text)) return null;
    const bytes = Buffer.from(text, 'base64url');
    const packed = bytes.subarray(0, -signatureBytes);
    if (!timingSafeEqual(bytes.subarray(-signatureBytes), this.#sign(packed, callId))) return null;
    return unpack(packed);
  }

  #sign(packed: Buffer, callId: string): Buffer {
    return createHmac('sha256', this.#key).update(packed).update(callId, 'latin1').digest().subarray(0, signatureBytes);
  }
}

/** What a newer version may have signed is unknown here: null. */
function unpack(packed: Buffer): DialogWay | null {
  const kind = packed[0] ?? 0;
  const transport = transports[kind & ~hasPhone];
  const withPhone = (kind & hasPhone) !== 0;
  const start = 2 + (withPhone ? idBytes : 0);
  const local = unpackEndpoint(packed, start);
  const remote = local === null ? null : unpackEndpoint(packed, local.end);
  if (local === null || remote === null || !isTransport(transport)) return null;
  return {
    flow: {
      transport,
      local: local.endpoint,
      remote: remote.endpoint,
      connection: packed.toString('latin1', remote.end),
    },
    phone: withPhone ? packed.toString('base64url', 2, start) : null,
    upstream: packed[1] ?? 0,
  };
}

/** Four bytes of an IPv4 address, or the length of the text of another and that; then the port. */
function packEndpoint({ address, port }: Endpoint): Buffer {
  const head =
    isIP(address) === 4
      ? Buffer.from([0, ...address.split('.').map(Number)])
      : Buffer.concat([Buffer.from([address.length & 0x7f]), Buffer.from(address.slice(0, 0x7f), 'latin1')]);
  const tail = Buffer.alloc(2);
  tail.writeUInt16BE(port & 0xffff);
  return Buffer.concat([head, tail]);
}

function unpackEndpoint(bytes: Buffer, at: number): { readonly endpoint: Endpoint; readonly end: number } | null {
  const length = bytes[at];
  if (length === undefined) return null;
  const end = at + 1 + (length === 0 ? 4 : length);
  if (bytes.length < end + 2) return null;
  const address = length === 0 ? bytes.subarray(at + 1, end).join('.') : bytes.toString('latin1', at + 1, end);
  return { endpoint: { address, port: bytes.readUInt16BE(end) }, end: end + 2 };
}
