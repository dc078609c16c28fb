import type { AddressedRequest, Flow } from '../../../src/sip/engine.ts';

/** A plain SUBSCRIBE whose headers a test may replace; undefined leaves one out, a string[] repeats it. */
export function subscribe(
  changes: Readonly<Record<string, string | readonly string[] | undefined>> = {},
  startLine = 'SUBSCRIBE sip:1002@lamplighter.test SIP/2.0',
  body = '',
): Buffer {
  const headers: Record<string, string | readonly string[] | undefined> = {
    Via: 'SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK776asdhds',
    'Max-Forwards': '70',
    From: '"Alice" <sip:1001@lamplighter.test>;tag=1928301774',
    To: '<sip:1002@lamplighter.test>',
    'Call-ID': 'a84b4c76e66710@192.0.2.1',
    CSeq: '314159 SUBSCRIBE',
    Contact: '<sip:1001@192.0.2.1:5060>',
    Event: 'dialog',
    Expires: '3600',
    'Content-Length': String(Buffer.byteLength(body, 'latin1')),
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one}\r\n`),
  );
  return Buffer.from(`${startLine}\r\n${lines.join('')}\r\n${body}`, 'latin1');
}

/** A NOTIFY as a notifier would ask for it. */
export function notify(flow: Flow, changes: Partial<AddressedRequest> = {}): AddressedRequest {
  return {
    method: 'NOTIFY',
    uri: 'sip:1001@192.0.2.77:5060;line=abc',
    from: '<sip:1002@lamplighter.test>;tag=ours',
    to: '"Alice" <sip:1001@lamplighter.test>;tag=theirs',
    callId: 'a84b4c76e66710@192.0.2.1',
    cseq: 77,
    routeSet: [],
    headers: [
      ['Contact', '<sip:1002@lamplighter.test>'],
      ['Event', 'dialog'],
      ['Subscription-State', 'active;expires=3600'],
    ],
    flow,
    ...changes,
  };
}

/** A NOTIFY with a body. */
export function told(flow: Flow, body: string, changes: Partial<AddressedRequest> = {}): AddressedRequest {
  const plain = notify(flow);
  return { ...plain, headers: [...plain.headers, ['Content-Type', 'text/plain']], body, ...changes };
}
