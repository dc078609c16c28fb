import type { LogLevel } from '../../src/model/logger.ts';
import { granted } from '../../src/model/outcome.ts';
import type { TraceDesk, TracedMessage } from '../../src/model/trace.ts';
import type { OpsDeps } from '../../src/ops/deps.ts';
import { LogLevels } from '../../src/ops/log-levels.ts';
import { FakeClock } from '../support/fake-clock.ts';

const now = 1_700_000_000_000;

const message: TracedMessage = {
  id: '1700000000000-1',
  at: now,
  direction: 'in',
  transport: 'udp',
  local: '192.0.2.10:5060',
  remote: '192.0.2.21:5060',
  callId: 'c1',
  cseq: 1,
  method: 'SUBSCRIBE',
  status: null,
  summary: 'SUBSCRIBE dialog',
  retransmission: false,
  ext: '1001',
  unserved: null,
  watcher: null,
  subscription: 1,
  missed: 0,
  text: 'SUBSCRIBE sip:1001@lamplighter.test SIP/2.0\r\n\r\n',
};

const trace: TraceDesk = {
  list: async () => [message],
  follow: (_filter, _after, reader) => {
    reader.message(message);
    return () => undefined;
  },
  async *pcap() {
    yield new Uint8Array([0xd4, 0xc3, 0xb2, 0xa1]);
  },
};

const finding = { check: 'clock', level: 'ok', text: 'the clock is right', fix: null } as const;

/** Just enough of the rooms that a bare HTTP server does not have, for routes to answer. */
export function fakeDesks(): Partial<OpsDeps> {
  return {
    trace,
    examine: async () => [finding],
    logLevels: new LogLevels({ level: 'info' as LogLevel }, new FakeClock()),
    configuration: {
      view: () => ({
        files: ['/etc/lamplighter/lamplighter.yaml'],
        config: { http: { token: '[hidden]' } },
        settings: [{ path: 'domain', value: 'pbx.example.com', origin: '/etc/lamplighter/lamplighter.yaml:2' }],
        pendingRestart: [],
      }),
      pendingRestart: [],
      reload: async () => ({ ok: true, applied: ['features.policy'], requiresRestart: [] }),
    },
    provision: async () => ({
      vendors: () => [{ vendor: 'yealink', name: 'Yealink' }],
      snippet: (vendor, { way = 'inline' }) =>
        granted({ vendor, name: 'Yealink', way, file: 'MAC.cfg', text: 'a = 1\n', notes: ['try it'] }),
    }),
    setup: {
      look: async () => ({ pbxs: [], looked: ['/etc/asterisk'], file: '/x.yaml', fileExists: false, problems: [] }),
      test: async () => [finding],
      write: async () => granted({ file: '/x.yaml', backup: null, next: ['systemctl restart lamplighter'] }),
    },
  };
}
