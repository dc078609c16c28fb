import { draftRequest, finishRequest, writeAnswer } from '../../src/sip/embedded/compose.ts';
import type { AddressedRequest } from '../../src/sip/engine.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import type { Benchmark } from './benchmark.ts';
import { nanosecondsOf } from './micro.ts';
import { subscribe } from './sip-messages.ts';

const source = { address: '192.0.2.77', port: 5060 };
const answer = {
  status: 200,
  headers: [
    ['Contact', '<sip:lamplighter@192.0.2.1:5060>'],
    ['Expires', '3600'],
    ['Allow-Events', 'dialog, as-feature-event'],
  ],
  toTag: '9a8b7c6d5e4f3a2b',
} as const;
const notify: AddressedRequest = {
  method: 'NOTIFY',
  uri: 'sip:1001@192.0.2.77:5060;line=abc',
  from: '<sip:1002@lamplighter.test>;tag=ours1234',
  to: '"Alice" <sip:1001@lamplighter.test>;tag=9fxced76sl',
  callId: '3848276298220188511@192.0.2.77',
  cseq: 7,
  routeSet: [],
  headers: [
    ['Contact', '<sip:lamplighter@192.0.2.1:5060>'],
    ['Event', 'dialog'],
    ['Subscription-State', 'active;expires=3600'],
    ['Content-Type', 'application/dialog-info+xml'],
  ],
  body: '<?xml version="1.0" encoding="UTF-8"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="3" state="full" entity="sip:1002@lamplighter.test"/>',
  flow: { transport: 'udp', local: { address: '192.0.2.1', port: 5060 }, remote: source, connection: '' },
};

/** Messages to bytes, in this process. */
export const writer: Benchmark = {
  name: 'writer',
  about: 'The SIP writer alone, in the process of the benchmark: warm, median of nine stretches of 50 ms.',
  limitSeconds: 60,
  figures: {
    answer: { title: '200 to SUBSCRIBE', unit: 'µs' },
    notify: { title: 'NOTIFY with a lamp', unit: 'µs' },
  },
  run: async () => {
    const parsed = parseMessage(subscribe, 'datagram');
    if (parsed.kind !== 'request') throw new Error('the sample is no request');
    return {
      answer:
        nanosecondsOf(() => Buffer.from(writeAnswer(parsed, source, answer, 'tag', 'Lamplighter'), 'latin1')) / 1000,
      notify:
        nanosecondsOf(() =>
          Buffer.from(
            finishRequest(draftRequest(notify, 'Lamplighter'), 'udp', '192.0.2.1:5060', 'z9hG4bKab12cd34'),
            'latin1',
          ),
        ) / 1000,
    };
  },
};
