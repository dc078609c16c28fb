import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transport } from '../../../src/sip/engine.ts';
import { rankNaptr, servicesOf } from '../../../src/sip/locate/naptr.ts';
import type { NaptrRecord } from '../../../src/sip/locate/records.ts';
import type { Step } from '../../../src/sip/locate/transport-choice.ts';
import { afterNaptr, firstStep } from '../../../src/sip/locate/transport-choice.ts';
import { parseUri, type SipUri } from '../../../src/sip/message/uri.ts';

const all: readonly Transport[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

function uriOf(text: string): SipUri {
  const uri = parseUri(text);
  assert.ok(uri !== null, text);
  return uri;
}

/** One line that says what a step is. */
function said(step: Step): string {
  switch (step.kind) {
    case 'address':
      return `${step.transport} ${step.address} ${step.port}`;
    case 'host':
      return `A ${step.host.transport} ${step.host.name} ${step.host.port}`;
    case 'naptr':
      return `NAPTR ${step.name}`;
    case 'services': {
      const { transport, name, port } = step.fallback;
      const services = step.services.map((service) => `${service.transport}=${service.name}`);
      return `SRV ${services.join(' ')} else ${transport} ${name} ${port}`;
    }
  }
}

function first(text: string, allowed: readonly Transport[] = all): string {
  const step = firstStep(uriOf(text), allowed);
  return step.ok ? said(step.value) : step.refusal.code;
}

const choices: readonly (readonly [uri: string, allowed: readonly Transport[], step: string])[] = [
  // numeric: no DNS; UDP for SIP, TLS for SIPS (RFC 3263 4.1), default ports (4.2)
  ['sip:1001@192.0.2.1', all, 'udp 192.0.2.1 5060'],
  ['sip:1001@192.0.2.1:5070', all, 'udp 192.0.2.1 5070'],
  ['sip:1001@[2001:DB8::1]', all, 'udp 2001:db8::1 5060'],
  ['sip:1001@[::ffff:192.0.2.1]', all, 'udp 192.0.2.1 5060'],
  ['sips:1001@192.0.2.1', all, 'tls 192.0.2.1 5061'],
  ['sip:192.0.2.1;transport=tcp', all, 'tcp 192.0.2.1 5060'],
  ['sip:192.0.2.1;transport=TLS;lr', all, 'tls 192.0.2.1 5061'],
  ['sip:192.0.2.1;transport=ws', all, 'ws 192.0.2.1 80'],
  ['sips:192.0.2.1;transport=ws', all, 'wss 192.0.2.1 443'],
  ['sip:192.0.2.1;transport=wss', all, 'wss 192.0.2.1 443'],
  ['sips:192.0.2.1;transport=tcp', all, 'tls 192.0.2.1 5061'],
  // a port: no SRV (4.2), and the default transport (4.1)
  ['sip:1001@Example.COM:5070', all, 'A udp example.com 5070'],
  ['sips:1001@example.com:5071', all, 'A tls example.com 5071'],
  ['sip:1001@example.com:5070;transport=tcp', all, 'A tcp example.com 5070'],
  // a transport without a port: SRV at once (4.1: no NAPTR)
  ['sip:example.com;transport=udp', all, 'SRV udp=_sip._udp.example.com else udp example.com 5060'],
  ['sip:example.com;transport=tcp', all, 'SRV tcp=_sip._tcp.example.com else tcp example.com 5060'],
  ['sip:example.com;transport=tls', all, 'SRV tls=_sips._tcp.example.com else tls example.com 5061'],
  ['sips:example.com;transport=tcp', all, 'SRV tls=_sips._tcp.example.com else tls example.com 5061'],
  ['sip:example.com;transport=ws', all, 'SRV ws=_sip._ws.example.com else ws example.com 80'],
  ['sips:example.com;transport=ws', all, 'SRV wss=_sips._ws.example.com else wss example.com 443'],
  // neither: NAPTR
  ['sip:1001@example.com.', all, 'NAPTR example.com'],
  ['sips:1001@example.com', all, 'NAPTR example.com'],
  // maddr aims at nothing
  ['sip:192.0.2.1;maddr=198.51.100.7', all, 'udp 192.0.2.1 5060'],
  // what this server cannot do
  ['sip:192.0.2.1', ['tcp'], 'tcp 192.0.2.1 5060'],
  ['sip:192.0.2.1', ['tls'], 'transport-unavailable'],
  ['sips:192.0.2.1', ['udp', 'tcp'], 'transport-unavailable'],
  ['sips:example.com', ['udp', 'tcp'], 'transport-unavailable'],
  ['sip:example.com;transport=tls', ['udp', 'tcp'], 'transport-unavailable'],
  ['sip:example.com', [], 'transport-unavailable'],
  ['sips:example.com;transport=udp', all, 'transport-unknown'],
  ['sip:example.com;transport=sctp', all, 'transport-unknown'],
  ['sip:example.com;transport', all, 'transport-unknown'],
  ['tel:+4930123', all, 'scheme'],
  // neither a name nor an address
  ['sip:127.1', all, 'host-invalid'],
  ['sip:10.0.0.256', all, 'host-invalid'],
  ['sip:a..b', all, 'host-invalid'],
  [`sip:${'a'.repeat(64)}.test`, all, 'host-invalid'],
  [`sip:${'abcdefg.'.repeat(32)}test`, all, 'host-invalid'],
];

test('RFC 3263 4.1, 4.2: scheme, transport, port and kind of host say what is asked of DNS', () => {
  for (const [uri, allowed, step] of choices) assert.equal(first(uri, allowed), step, `${uri} by ${allowed}`);
});

function naptr(order: number, preference: number, service: string, replacement: string): NaptrRecord {
  return { order, preference, flags: 's', service, regexp: '', replacement };
}

/** The records of the example in RFC 3263 4.1. */
const example = [
  naptr(50, 50, 'SIPS+D2T', '_sips._tcp.example.com.'),
  naptr(90, 50, 'SIP+D2T', '_sip._tcp.example.com'),
  naptr(100, 50, 'SIP+D2U', '_sip._udp.example.com.'),
];

function after(text: string, allowed: readonly Transport[], records: readonly NaptrRecord[]): string {
  return said(afterNaptr(uriOf(text), allowed, records));
}

test("RFC 3263 4.1: of the RFC's own example TLS, TCP or UDP is used, by what the client can do", () => {
  const found = (allowed: readonly Transport[]) => after('sip:user@example.com', allowed, example);
  assert.equal(found(['udp', 'tcp']), 'SRV tcp=_sip._tcp.example.com else tcp example.com 5060');
  assert.equal(found(['udp', 'tcp', 'tls']), 'SRV tls=_sips._tcp.example.com else tls example.com 5061');
  assert.equal(found(['udp']), 'SRV udp=_sip._udp.example.com else udp example.com 5060');
});

test('RFC 3263 4.1: a SIPS URI takes services with TLS only, and so does what is asked without NAPTR', () => {
  const plain = example.slice(1);
  const only = 'SRV tls=_sips._tcp.example.com wss=_sips._ws.example.com else tls example.com 5061';
  assert.equal(after('sips:user@example.com', all, plain), only);
  assert.equal(
    after('sips:user@example.com', all, example),
    'SRV tls=_sips._tcp.example.com else tls example.com 5061',
  );
});

test('RFC 3263 4.1: without usable NAPTR records every transport is asked for, the most wanted first', () => {
  const bare = 'SRV tcp=_sip._tcp.example.com udp=_sip._udp.example.com else udp example.com 5060';
  assert.equal(after('sip:user@example.com', ['tcp', 'udp', 'tls'], []), bare);
  assert.equal(after('sip:user@example.com', ['tcp', 'udp'], [naptr(1, 1, 'E2U+sip', '_sip._udp.x.test')]), bare);
});

test('NAPTR: order before preference, and no record of a higher order beside a usable one', () => {
  const services = servicesOf('sip', all);
  const ranked = (records: readonly NaptrRecord[]) => rankNaptr(records, services).map(({ name }) => name);
  assert.deepEqual(
    ranked([
      naptr(20, 1, 'SIP+D2U', 'third.test'),
      naptr(10, 9, 'SIP+D2T', 'second.test'),
      naptr(10, 2, 'sip+d2w', 'first.test'),
    ]),
    ['first.test', 'second.test'],
  );
});

test('NAPTR: records of other services, flags, with a regexp or a bad name are passed over', () => {
  const services = servicesOf('sip', ['udp', 'tcp']);
  const good = naptr(50, 1, 'SIP+D2U', 'good.test');
  const bad = [
    naptr(1, 1, 'SIPS+D2T', 'tls.test'),
    naptr(1, 1, 'SIP+D2S', 'sctp.test'),
    naptr(1, 1, 'SIP+D2U', 'with space.test'),
    naptr(1, 1, 'SIP+D2U', ''),
    { ...good, order: 1, flags: 'u' },
    { ...good, order: 1, flags: '' },
    { ...good, order: 1, regexp: '!^.*$!sip:other@x.test!' },
  ];
  for (const record of bad) assert.deepEqual(rankNaptr([record], services), [], JSON.stringify(record));
  assert.deepEqual(rankNaptr([...bad, good], services), [{ transport: 'udp', name: 'good.test' }]);
});

test('NAPTR: of a zone with thousands of records the few best are used', () => {
  const many = Array.from({ length: 5000 }, (_, index) => naptr(1, index, 'SIP+D2U', `n${index}.test`));
  const others = many.map((record) => ({ ...record, service: 'E2U+sip' }));
  const ranked = rankNaptr([...others, ...many.reverse()], servicesOf('sip', all));
  assert.deepEqual([ranked.length, ranked[0]?.name], [16, 'n0.test']);
});
