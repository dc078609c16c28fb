import { someDesk, write } from '../sip/message/torture-draft.ts';
import { tortureRows } from '../sip/message/torture-rows.ts';

/*
 * What the fuzzer starts from: messages as phones and Lamplighter write them, and our torture messages. Latin-1: one
 * character is one byte.
 */

const digest =
  'Digest username="1001", realm="lamplighter.test", nonce="6750f3a1b2c3d4e5f60718293a4b5c6d7e8f9012", ' +
  'uri="sip:1001@lamplighter.test", response="8a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d", algorithm=MD5, qop=auth, ' +
  'cnonce="0a4f113b", nc=00000001';

export const authorizations: readonly string[] = [
  digest,
  digest.replace(', qop=auth, cnonce="0a4f113b", nc=00000001', ''),
  digest
    .replace('algorithm=MD5', 'algorithm=SHA-256')
    .replace('8a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d', '8a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d'.repeat(2)),
  'Digest username="Q \\"x\\" \\\\ , = y", realm="a,b", nonce="n", uri="sip:a;b=c@d", response="0", opaque=""',
];

export const featureBodies: readonly string[] = [
  `<?xml version="1.0" encoding="ISO-8859-1"?>
<SetDoNotDisturb xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3">
  <device>1001</device>
  <doNotDisturbOn>true</doNotDisturbOn>
</SetDoNotDisturb>`,
  `<?xml version="1.0"?>\r
<SetForwarding xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3">\r
<device/><forwardingType>forwardNoAns</forwardingType><forwardDN>+49 &#51;0 &amp; <![CDATA[<x>]]></forwardDN>\r
<activateForward>1</activateForward><ringCount>4</ringCount></SetForwarding>\0`,
  `--part\r\nContent-Type: application/x-as-feature-event+xml\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<SetDoNotDisturb><doNotDisturbOn>false</doNotDisturbOn></SetDoNotDisturb>\r\n--part\r\nContent-Type: application/x-as-feature-event+xml\r\n\r\n<x:SetForwarding xmlns:x="http://www.ecma-international.org/standards/ecma-323/csta"><x:forwardingType>forwardImmediate</x:forwardingType><x:activateForward>true</x:activateForward></x:SetForwarding>\r\n--part--\r\n`,
  `<SetAgentState xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"><device></device><requestedAgentState>notReady</requestedAgentState><extensions><privateData><private xmlns:pri="http://schema.broadsoft.com/CSTAPrivateData"><pri:AgentNotReadyReasonValue>7</pri:AgentNotReadyReasonValue></private></privateData></extensions><agentID></agentID><password></password></SetAgentState>`,
];

const lamp =
  '<?xml version="1.0" encoding="UTF-8"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="3" ' +
  'state="full" entity="sip:1002@lamplighter.test">\n<dialog id="a7" direction="recipient"><state>early</state>' +
  '<remote><identity display="J\xc3\xbcrgen">sip:1001@lamplighter.test</identity></remote></dialog></dialog-info>';

const ns = 'urn:ietf:params:xml:ns';

/** Bodies of PUBLISHes. */
export const publishedBodies: readonly string[] = [
  lamp,
  `<d:dialog-info xmlns:d="${ns}:dialog-info" state="partial"><d:dialog id="1" call-id="c" local-tag="l" remote-tag="r" direction="initiator"><d:state event="replaced">confirmed</d:state><d:local><d:target uri="sip:a@b"><d:param pname="+sip.rendering" pvalue="no"/></d:target></d:local><d:remote><d:identity display-name="&lt;x&gt;">"A" &lt;sip:%2b49;x=y:p@b&gt;</d:identity></d:remote></d:dialog><d:dialog id="2"><d:state>terminated</d:state></d:dialog></d:dialog-info>`,
  `<?xml version="1.0"?>\n<presence xmlns="${ns}:pidf" xmlns:dm="${ns}:pidf:data-model" xmlns:r="${ns}:pidf:rpid" xmlns:ce="urn:x" entity="sip:a@b"><tuple id="t"><status><basic>open</basic><r:activities><r:activity>on-the-phone</r:activity></r:activities></status><note>DND</note></tuple><dm:person id="p"><r:activities><ce:dnd/><r:meeting/></r:activities><dm:note xml:lang="de">Z\xc3\xbcrich</dm:note></dm:person></presence>`,
  `<?xml version="1.0"?>\n<!DOCTYPE presence\nPUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">\n<presence><presentity uri="sip:a@b;method=SUBSCRIBE" /><atom id="1"><address uri="sip:c;user=ip" priority="0.800000"><status status="inuse" /><msnsubstatus substatus="busy" /></address></atom></presence>`,
  'Messages-Waiting: yes\r\nMessage-Account: sip:a@b\r\nVoice-Message: 2/8\r\n (0/2)\r\nFax-Message: 1/0\r\n\r\nTo: x',
];

const subscribe = (event: string, more: readonly string[], body = '') =>
  [
    'SUBSCRIBE sip:1002@lamplighter.test:5060;transport=udp SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK-524287-1---6f5d3a;rport',
    'Max-Forwards: 70',
    'Contact: <sip:1001@192.0.2.77:5060;line=abc;ob>;+sip.instance="<urn:uuid:0000-1111>"',
    'To: "Boss" <sip:1002@lamplighter.test>',
    'From: "Alice \\"A\\"" <sip:1001@lamplighter.test>;tag=9fxced76sl',
    'Call-ID: 3848276298220188511@192.0.2.77',
    'CSeq: 2 SUBSCRIBE',
    'Expires: 3600',
    `Event: ${event}`,
    ...more,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');

const notify = [
  'NOTIFY sip:1001@192.0.2.77:5060;line=abc SIP/2.0',
  'Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK0001;rport',
  'Max-Forwards: 70',
  'Route: <sip:proxy.example.com;lr>, <sip:[2001:db8::1]:5070;lr>',
  'From: <sip:1002@lamplighter.test>;tag=ours',
  'To: <sip:1001@lamplighter.test>;tag=9fxced76sl',
  'Call-ID: 3848276298220188511@192.0.2.77',
  'CSeq: 7 NOTIFY',
  'Contact: <sip:1002@192.0.2.1:5060>',
  'Event: dialog;id=7',
  'Subscription-State: active;expires=3599',
  'Content-Type: application/dialog-info+xml',
  `Content-Length: ${lamp.length}`,
  '',
  lamp,
].join('\r\n');

const answer = (status: string, more: readonly string[] = []) =>
  [
    `SIP/2.0 ${status}`,
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0001;rport=5060;received=192.0.2.1, SIP/2.0/TCP other.example.com',
    'f: <sip:1002@lamplighter.test>;tag=ours',
    't: "Alice" <sip:1001@lamplighter.test>;tag=9fxced76sl',
    'i: 3848276298220188511@192.0.2.77',
    'CSeq: 7 NOTIFY',
    ...more,
    'l: 0',
    '',
    '',
  ].join('\r\n');

const feature = featureBodies[0] ?? '';

export const messages: readonly string[] = [
  subscribe('dialog', ['Accept: application/dialog-info+xml, multipart/mixed;q=0.5', `Authorization: ${digest}`]),
  subscribe('dialog;id="a;b"', ['Require: eventlist', 'Supported: eventlist,\r\n 100rel', 'User-Agent: Phone/1.0']),
  subscribe('as-feature-event', ['Content-Type: application/x-as-feature-event+xml'], feature),
  notify,
  answer('200 OK'),
  answer('503 Service Unavailable', ['Retry-After: 10 (busy);duration=5']),
  ...tortureRows.map((row) => write(row.draft(someDesk), someDesk, 'udp')),
  subscribe('dialog', ['SIP-If-Match: 0a1b2c', 'Content-Type: application/dialog-info+xml'], lamp).replaceAll(
    'SUBSCRIBE',
    'PUBLISH',
  ),
];

/** A message that every reader takes, to stand behind a mutant. */
export const plain = answer('200 OK');

/** Values alone, for the readers of values. */
export const values: readonly string[] = [
  '"Alice \\"A\\" <x>" <sip:1001@lamplighter.test;line=1?Route=%3Csip:x%3E>;tag=9fxced76sl;+sip.instance="<urn:uuid:1>"',
  'sip:a%40b;x=y:pass@[2001:db8::192.0.2.1]:5070;transport=tcp;lr;maddr=224.0.1.75?Subject=a%20b&To=c',
  'SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bK-524287-1;rport;x="a;b", SIP / 2.0 / TCP [2001:db8::1] : 5060',
  'application/dialog-info+xml;q=0.9, multipart/*, */*;q=0.0, text/plain;charset="a,b"',
  'dialog;id=a.7;call-id="12345600@example.com";include-session-description',
  '<sip:p1.example.com;lr>, "x,y" <sip:[2001:db8::1];lr>;foo="b,a;r", <sip:p3>',
  'tel:+1-201-555-0123;phone-context=example.com',
  '3600',
];
