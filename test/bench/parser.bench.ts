import { parseMessage } from '../../src/sip/message/parse.ts';
import type { Benchmark } from './benchmark.ts';
import { nanosecondsOf } from './micro.ts';
import { authenticated, notifyAnswer, subscribe, worst } from './sip-messages.ts';

const microseconds = (bytes: Buffer) => nanosecondsOf(() => parseMessage(bytes, 'datagram')) / 1000;

/** Bytes to a checked message, in this process. */
export const parser: Benchmark = {
  name: 'parser',
  about: 'The SIP parser alone, in the process of the benchmark: warm, median of nine stretches of 50 ms.',
  limitSeconds: 60,
  figures: {
    subscribe: { title: 'SUBSCRIBE, 457 bytes', unit: 'µs', atMost: 6 },
    authenticated: { title: 'SUBSCRIBE with credentials, 707 bytes', unit: 'µs' },
    answer: { title: '200 to NOTIFY, 348 bytes', unit: 'µs' },
    worst: { title: '199 headers, 64 kB', unit: 'µs', atMost: 5000 },
  },
  run: async () => ({
    subscribe: microseconds(subscribe),
    authenticated: microseconds(authenticated),
    answer: microseconds(notifyAnswer),
    worst: microseconds(worst),
  }),
};
