/** Messages of a usual cycle, as desk phones and Lamplighter write them, for the micro-benchmarks. */
const lines = (...all: readonly string[]) => Buffer.from([...all, '', ''].join('\r\n'), 'latin1');

/** 457 bytes, before the challenge. */
export const subscribe = lines(
  'SUBSCRIBE sip:1002@lamplighter.test SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK-524287-1---6f5d3a;rport',
  'Max-Forwards: 70',
  'Contact: <sip:1001@192.0.2.77:5060;line=abc>',
  'To: <sip:1002@lamplighter.test>',
  'From: "Alice" <sip:1001@lamplighter.test>;tag=9fxced76sl',
  'Call-ID: 3848276298220188511@192.0.2.77',
  'CSeq: 2 SUBSCRIBE',
  'Expires: 3600',
  'Accept: application/dialog-info+xml',
  'Event: dialog',
  'User-Agent: Phone/1.0 001122334455',
  'Content-Length: 0',
);

const digest =
  'Digest username="1001", realm="lamplighter.test", nonce="6750f3a1b2c3d4e5f60718293a4b5c6d7e8f9012", ' +
  'uri="sip:1002@lamplighter.test", response="8a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d", algorithm=MD5, qop=auth, ' +
  'cnonce="0a4f113b", nc=00000001';

/** 707 bytes, with credentials. */
export const authenticated = Buffer.from(
  subscribe.toString('latin1').replace('User-Agent', `Authorization: ${digest}\r\nUser-Agent`),
  'latin1',
);

/** 348 bytes: a phone's answer to NOTIFY. */
export const notifyAnswer = lines(
  'SIP/2.0 200 OK',
  'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKab12cd34ef56;rport=5060;received=192.0.2.1',
  'From: <sip:1002@lamplighter.test>;tag=ours1234',
  'To: "Alice" <sip:1001@lamplighter.test>;tag=9fxced76sl',
  'Call-ID: 3848276298220188511@192.0.2.77',
  'CSeq: 7 NOTIFY',
  'Contact: <sip:1001@192.0.2.77:5060>',
  'User-Agent: Phone/1.0',
  'Content-Length: 0',
);

/** 190 headers and a body up to nearly 64 kB: the most work a message can be. */
export const worst = Buffer.from(
  [
    ...subscribe.toString('latin1').split('\r\n').slice(0, -3),
    ...Array.from({ length: 187 }, (_, at) => `X-Header-${at}: ${'value, '.repeat(40)}"${'\\"'.repeat(8)}"`),
    'Content-Type: text/plain',
    'Content-Length: 5000',
    '',
    'b'.repeat(5000),
  ].join('\r\n'),
  'latin1',
);
