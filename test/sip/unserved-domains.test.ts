import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnservedDomains } from '../../src/sip/unserved-domains.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordingLogger } from '../support/silent-logger.ts';
import { tcpFlow, udpFlow } from './front/fake-engine.ts';

const hour = 3_600_000;

function rig() {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const served = new Set<string>();
  const domains = new UnservedDomains(clock, logger, (host) => served.has(host));
  const said = () => logger.lines.map(({ fields }) => fields as Readonly<Record<string, unknown>>);
  return { clock, logger, served, domains, said };
}

test('a domain that is not served has one line an hour, which says who asked, and how often by then', () => {
  const { clock, logger, domains, said } = rig();
  domains.note('192.0.2.10', '1006@lamplighter.test', udpFlow);
  domains.note('192.0.2.10', '1007@lamplighter.test', tcpFlow);
  domains.note('PBX.example', null, udpFlow);
  clock.advance(hour);
  domains.note('192.0.2.10', '1006@lamplighter.test', udpFlow);
  const source = 'udp:192.0.2.77:5060';
  assert.deepEqual(said(), [
    { domain: '192.0.2.10', by: '1006@lamplighter.test', source, count: 1 },
    { domain: 'pbx.example', by: null, source, count: 1 },
    { domain: '192.0.2.10', by: '1006@lamplighter.test', source, count: 3 },
  ]);
  assert.ok(logger.lines.every(({ level, message }) => level === 'warn' && message.includes('aliases')));
});

test('who has a password and writes another domain each time fills neither the log nor the memory', () => {
  const { clock, domains, said } = rig();
  for (let at = 0; at < 5_000; at++) domains.note(`host${at}.test`, '1006@lamplighter.test', udpFlow);
  assert.deepEqual([said().length, domains.list().length], [20, 20]);
  assert.equal(domains.list().at(-1)?.domain, 'host4999.test', 'the newest are kept');
  clock.advance(hour);
  domains.note('192.0.2.10', '1006@lamplighter.test', udpFlow);
  assert.equal(said().at(-1)?.['domain'], '192.0.2.10', 'and the next hour has its lines');
});

test('foreign text is short and clean', () => {
  const { domains, said } = rig();
  domains.note(`a\u001b[2J${'x'.repeat(200)}`, `1\n06@${'y'.repeat(200)}`, udpFlow);
  assert.deepEqual(said()[0]?.['domain'], `a?[2j${'x'.repeat(59)}…`);
  assert.deepEqual(said()[0]?.['by'], `1?06@${'y'.repeat(59)}…`);
});

test('a domain that was named in aliases meanwhile is listed no more', () => {
  const { domains, served } = rig();
  domains.note('192.0.2.10', '1006@lamplighter.test', udpFlow);
  domains.note('pbx.example', '1006@lamplighter.test', udpFlow);
  served.add('192.0.2.10');
  assert.deepEqual(
    domains.list().map(({ domain, count }) => [domain, count]),
    [['pbx.example', 1]],
  );
});
