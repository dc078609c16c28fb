import type { TracedPath } from '../../src/model/trace.ts';

export const udp: TracedPath = {
  transport: 'udp',
  local: { address: '192.0.2.10', port: 5070 },
  remote: { address: '192.0.2.21', port: 5060 },
  connection: '',
};

/** Lines as a message: CRLF, and the blank line with what stands behind it. */
export function wire(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

interface Said {
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly more?: readonly string[];
  readonly body?: string;
}

/** `from` subscribes to `to`. */
export function subscribe(from: string, to: string, said: Said = {}): string {
  return wire(
    [`SUBSCRIBE sip:${to}@pbx.test SIP/2.0`, ...heads(from, to, 'SUBSCRIBE', said), 'Event: dialog', 'Expires: 600'],
    said.body,
  );
}

/** `about` tells `watcher`. */
export function notify(about: string, watcher: string, said: Said = {}): string {
  const lines = heads(about, watcher, 'NOTIFY', said);
  return wire(
    [
      `NOTIFY sip:${watcher}@192.0.2.21 SIP/2.0`,
      ...lines,
      ...(said.more?.some((line) => line.startsWith('Event')) ? [] : ['Event: dialog']),
      'Subscription-State: active;expires=600',
    ],
    said.body,
  );
}

/** To a request of the same `said`. */
export function answer(status: string, from: string, to: string, method: string, said: Said = {}): string {
  return wire([`SIP/2.0 ${status}`, ...heads(from, to, method, said)], said.body);
}

function heads(
  from: string,
  to: string,
  method: string,
  { callId = 'c1', cseq = 1, branch, more = [] }: Said,
): string[] {
  return [
    `Via: SIP/2.0/UDP 192.0.2.21:5060;branch=${branch ?? `z9hG4bK${callId}-${cseq}-${method}`};rport`,
    `From: "Phone" <sip:${from}@pbx.test>;tag=a${from}`,
    `To: <sip:${to}@pbx.test>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...more,
  ];
}
