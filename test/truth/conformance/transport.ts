import { type Chapter, rowsOf } from './row.ts';

const flow = 'test/flows/conformance-transport.test.ts';
const wire = 'test/flows/subscription-rules-wire.test.ts';
const rules = 'test/flows/subscription-rules.test.ts';
const framing = 'test/sip/embedded/framing.test.ts';
const engine = 'test/contracts/engine.ts';
const streams = 'test/contracts/engine-streams.ts';
const webSocket = 'test/sip/embedded/ws.test.ts';
const register = 'test/sip/inline/register.test.ts';

const { held, differs } = rowsOf('RFC 3261');

export const transportChapter: Chapter = {
  title: 'Dialog control and transport',
  rows: [
    differs(
      'T-01',
      'RFC 3891 3',
      'how an INVITE with Replaces is answered',
      'the INVITE of a pickup goes to the PBX; one that comes here by mistake is refused',
      {
        [flow]: [
          'T-01: an INVITE with Replaces is answered 405, with two of them 400, and no dialog of ours is touched',
        ],
      },
    ),
    held('T-02', 'RFC 3581 4', 'rport and received are both set', {
      [wire]: ['T-02: over udp, rport is filled and received set, whatever the client wrote there itself'],
    }),
    differs(
      'T-03',
      '18.2.2',
      'without rport the answer goes to the port of sent-by',
      'it goes to where the request came from, always: a phone behind NAT hears nothing otherwise',
      {
        [wire]: ['T-03: without rport the answer still goes to where the request came from, and rport is not added'],
      },
    ),
    held(
      'T-04',
      '18.1.1',
      'over 1300 bytes our own requests go by TCP, and back to UDP where that fails; what is sent on keeps the path it has',
      {
        [wire]: [
          'T-04: a NOTIFY over 1300 bytes goes by TCP to the same phone',
          'T-04: where the phone takes no TCP, the large NOTIFY comes by UDP after all',
        ],
        [engine]: ['T-04 it falls back to UDP where TCP fails, and remembers that for ten minutes'],
      },
    ),
    held('T-05', 'RFC 5626 4.4, 5.3', 'keep-alives are answered, NOTIFYs take the flow of their dialog', {
      [flow]: ['T-05: a phone that asks for the flow (;ob) is told over it, and CRLFCRLF on it is answered with CRLF'],
      [framing]: ['T-05 one CRLF is a pong and nothing, each two are a ping'],
      [streams]: ['T-05 CRLFCRLF is answered with CRLF, and a message may follow'],
      [engine]: ['T-05 a STUN Binding request is answered with the address it came from'],
      [register]: ['RFC 5626 5.1: a phone that keeps its flow open is told by `ob` that the flow is used'],
    }),
    held('T-06', 'RFC 5627', 'gr parameters of a Contact are kept whole', {
      [flow]: ['T-06: a GRUU in Contact is kept whole and is the Request-URI of every NOTIFY'],
      [register]: [
        'the phone sees its own Contact again, with what the PBX has granted; Path, Service-Route and GRUUs are as they came',
      ],
    }),
    held('T-07', 'RFC 7118 5', 'one message a WebSocket frame; .invalid goes back over the connection', {
      [webSocket]: [
        'T-07 a message is one frame, text or binary, with or without Content-Length',
        'T-07 .invalid in Via and Contact: answers and NOTIFYs go back by the connection, with its true source',
      ],
    }),
    held('T-08', '18.3', 'Content-Length: required on streams; on UDP more is ignored and less is 400', {
      [wire]: [
        'T-08: on UDP bytes past Content-Length are ignored, a missing Content-Length is fine, fewer bytes are 400',
      ],
      [streams]: ['T-08 a message without Content-Length is 400 and the connection closes'],
    }),
    held('T-09', '7.3.1, 7.5', 'folding, leading empty lines, comma lists, compact names, letter case', {
      [wire]: ['T-09: folded lines, blanks before the colon, leading empty lines, any letter case'],
      [rules]: ['E65-25: every compact name is read as its long one'],
    }),
    held(
      'T-10',
      'RFC 5057, 4538, 8760, 5989, 4660',
      'some answers to a NOTIFY end one usage, others the dialog; Target-Dialog; SHA-256 before MD5; monitor and filter packages',
      {
        [flow]: [
          'T-10, RFC 5057 5.1: a NOTIFY answered 405, 480, 481, 489 or 501 ends its own usage and leaves the other of the dialog',
          'T-10, RFC 4538: Target-Dialog authorises nobody: a SUBSCRIBE that names a dialog is challenged like any other',
          'T-10, RFC 8760: where the admin sets digest: md5 there is one challenge, with MD5, and SHA-256 is not taken',
          'T-10, RFC 5989 and 4660: http-monitor is answered 489, and a filter body for lamps is taken and not obeyed',
        ],
        'test/flows/dialog-rules.test.ts': [
          'T-10, RFC 5057: 481 to a NOTIFY ends one subscription of a dialog, 404 all of them',
        ],
        [rules]: [
          'E65-09, T-10: the challenge is a 401 with SHA-256 first and MD5 second; who may not look is told 403',
        ],
      },
    ),
  ],
};
