import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { domain } from '../generator.ts';

/** Who publishes dialog-info (RFC 3903, RFC 4235) to an event server on loopback. */
export interface Publisher {
  /** Resolves with the 200; null: that there are no calls. Rejects when nobody answers for 10 s, or with another status. */
  publish(user: string, state: 'early' | 'terminated' | null): Promise<void>;
  close(): void;
}

export async function publisherOf(port: number): Promise<Publisher> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const own = socket.address().port;
  const tags = new Map<string, string>();
  let version = 0;
  let call = 0;
  return {
    publish: async (user, state) => {
      if (state !== 'terminated') {
        call++;
        tags.delete(user); // a publication for each call, as pua_dialoginfo makes: Kamailio drops that of one which has ended
      }
      const wire = message({ user, state, call, version: version++, port, own, tag: tags.get(user) });
      const answer = await asked(socket, wire, port, `CSeq: ${version} PUBLISH`);
      if (!answer.startsWith('SIP/2.0 200')) throw new Error(`PUBLISH was answered ${answer.slice(0, 40)}`);
      const tag = /^SIP-ETag:\s*(\S+)/im.exec(answer)?.[1];
      if (tag !== undefined) tags.set(user, tag);
    },
    close: () => socket.close(),
  };
}

interface Publication {
  readonly user: string;
  readonly state: 'early' | 'terminated' | null;
  /** Tells one call from the next. */
  readonly call: number;
  readonly version: number;
  readonly port: number;
  readonly own: number;
  /** Of the one it takes the place of. */
  readonly tag: string | undefined;
}

function message({ user, state, call, version, port, own, tag }: Publication): string {
  const uri = `sip:${user}@${domain}`;
  const dialog = state === null ? '' : `<dialog id="d${call}" direction="recipient"><state>${state}</state></dialog>`;
  const head = `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" entity="${uri}">`;
  const body = `<?xml version="1.0"?>${head}${dialog}</dialog-info>`;
  return [
    `PUBLISH ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bKpub${own}x${version};rport`,
    'Max-Forwards: 70',
    `From: <${uri}>;tag=p${own}`,
    `To: <${uri}>`,
    `Call-ID: ${own}-${user}@127.0.0.1`,
    `CSeq: ${version + 1} PUBLISH`,
    `Contact: <sip:publisher@127.0.0.1:${port}>`,
    'Event: dialog',
    'Expires: 3600',
    ...(tag === undefined ? [] : [`SIP-If-Match: ${tag}`]),
    'Content-Type: application/dialog-info+xml',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** The answer to this request; asked again each half second (RFC 3261 T1), as the server may not serve yet. */
function asked(socket: ReturnType<typeof createSocket>, wire: string, port: number, cseq: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const send = () => socket.send(wire, port, '127.0.0.1');
    const again = setInterval(send, 500);
    const over = setTimeout(() => done(() => reject(new Error('nobody answers PUBLISH'))), 10_000);
    const heard = (bytes: Buffer) => {
      const text = bytes.toString('latin1');
      if (text.startsWith('SIP/2.0 ') && !text.startsWith('SIP/2.0 1') && text.includes(cseq))
        done(() => resolve(text));
    };
    const done = (then: () => void) => {
      clearInterval(again);
      clearTimeout(over);
      socket.off('message', heard);
      then();
    };
    socket.on('message', heard);
    send();
  });
}
