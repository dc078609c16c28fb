import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checks } from '../../src/cli/doctor/checks.ts';
import { asJson, asText, fails } from '../../src/cli/doctor/report.ts';
import type { WaysAnswer } from '../../src/cli/doctor/seen.ts';
import type { Finding } from '../../src/model/check.ts';
import { complaints, configOf, found, healthy, listener } from './seen.ts';

const none = { total: 0, direct: 0, inline: 0, proxy: 0, drachtio: 0, unanswered: 0 };
const upstream = { uri: 'sip:127.0.0.1:5060', state: 'up', reason: null } as const;

/** An inline Lamplighter with which all is well. */
const inline: Partial<WaysAnswer> = {
  listeners: [{ ...listener, requests: { REGISTER: 9, SUBSCRIBE: 12, INVITE: 4 } }],
  upstreams: [upstream],
  subscriptions: { ...none, total: 6, inline: 6 },
  phonesLearnt: 3,
};
const inlineConfig = configOf('sip: { listen: [ udp:0.0.0.0:5070 ], upstream: "sip:127.0.0.1:5060" }');

function wayOf(findings: readonly Finding[]): string {
  return findings.find(({ check }) => check === 'way')?.text ?? '';
}

describe('doctor', () => {
  test('has nothing to complain of a sidecar, an inline Lamplighter, a trusted proxy and drachtio that work', () => {
    assert.deepEqual(complaints(found({})), []);
    assert.deepEqual(complaints(found(inline, { config: inlineConfig })), []);
    const trusted = configOf('sip: { listen: [ udp:0.0.0.0:5070 ], auth: trusted, trusted: [ 192.0.2.5 ] }');
    const proxied = { auth: 'trusted', subscriptions: { ...none, total: 6, proxy: 6 } };
    assert.deepEqual(complaints(found(proxied, { config: trusted })), []);
  });

  test('says which way it sees, from the configuration and from what stands', () => {
    assert.equal(wayOf(found({})), 'sidecar; 6 subscriptions: 6 direct');
    assert.match(wayOf(found(inline)), /^inline, the rest goes to sip:127\.0\.0\.1:5060; .*6 inline$/);
    const mixed = { ...none, total: 3, direct: 1, proxy: 2 };
    assert.equal(wayOf(found({ subscriptions: mixed })), 'behind a proxy; 3 subscriptions: 1 direct, 2 proxy');
    const engine = { kind: 'drachtio', up: true, reason: null } as const;
    assert.match(wayOf(found({ engine, subscriptions: { ...none, total: 1, drachtio: 1 } })), /^drachtio; 1 subs/);
    assert.match(wayOf(found({ pushRules: 2, subscriptions: none })), /^push; 0 subscriptions$/);
  });

  test('gives a fix with whatever it complains of', () => {
    const bad = found({ ...inline, upstreams: [{ ...upstream, state: 'down' }], phonesLearnt: 0, subscriptions: none });
    assert.ok(bad.filter(({ level }) => level !== 'ok').length > 2);
    for (const { level, fix, check } of bad) assert.equal(fix === null, level === 'ok', check);
  });

  test('names the parts that are down, one by one', () => {
    const health = [
      { name: 'pbx main', ok: false, reason: 'ECONNREFUSED' },
      { name: 'store', ok: false, reason: null },
    ];
    const findings = found({}, { health }).filter(({ check }) => check === 'health');
    assert.deepEqual(
      findings.map(({ level, text }) => [level, text]),
      [
        ['fail', 'pbx main: ECONNREFUSED'],
        ['fail', 'store: not up'],
      ],
    );
  });

  test('a part that is down leads to the checks below that have its fix, and to the log where none has', () => {
    const health = ['pbx main', 'pbx branch', 'store', 'listeners'].map((name) => ({ name, ok: false, reason: 'x' }));
    const fail = (check: string, text: string) => ({ check, level: 'fail', text, fix: 'y' }) as const;
    const findings = [
      fail('ari', 'main: ECONNREFUSED'),
      fail('ami', 'main: ECONNREFUSED'),
      fail('ami', 'main: once more'),
      { ...fail('ami-rights', 'branch: system'), level: 'warn' } as const,
      fail('database', 'nothing can be written: disk full'),
    ];
    const log = 'the log has the fault with its fix; docs/errors.md lists all';
    assert.deepEqual(
      found({}, { health, findings })
        .filter(({ check }) => check === 'health')
        .map(({ fix }) => fix),
      ['what ari and ami below say', log, 'what database below says', log],
    );
  });

  test('notices that the daemon is of another version, or runs with another configuration', () => {
    assert.deepEqual(complaints(found({ version: '0.0.9' })), ['version: warn']);
    const config = configOf('domain: other.test\nsip: { auth: users, listen: [ udp:0.0.0.0:5080, tcp:0.0.0.0:0 ] }');
    const [complaint] = found({}, { config }).filter(({ check }) => check === 'configuration');
    assert.match(complaint?.text ?? '', /: domain, sip\.auth, sip\.listen$/);
    assert.match(found(inline).find(({ check }) => check === 'configuration')?.text ?? '', /: sip\.upstream$/);
  });

  test('an IPv6 listener is the one that is configured', () => {
    const config = configOf('sip: { listen: [ "udp:[::]:5070" ] }');
    assert.deepEqual(complaints(found({ listeners: [{ ...listener, address: '::' }] }, { config })), []);
  });

  test('a drachtio-server that is away is a failure', () => {
    const engine = { kind: 'drachtio', up: false, reason: 'ECONNREFUSED' } as const;
    assert.ok(complaints(found({ engine })).includes('engine: fail'));
    const silent = complaints(found({ engine, listeners: [], subscriptions: none }));
    assert.ok(!silent.includes('unheard: warn'), 'nothing can come without it');
  });
});

describe('doctor, of listeners', () => {
  test('nothing came, and only this host could', () => {
    const silent = { ...listener, address: '127.0.0.1', requests: {}, lastRequestAt: null };
    const config = configOf('sip: { listen: [ udp:127.0.0.1:5070 ] }');
    const seen = complaints(
      found({ listeners: [silent], subscriptions: none, sources: [], sourceCount: 0 }, { config }),
    );
    assert.deepEqual(seen, ['loopback: warn', 'unheard: warn']);
  });

  test('subscriptions of before a restart are no sign of a firewall', () => {
    const silent = { ...listener, requests: {}, lastRequestAt: null };
    assert.deepEqual(complaints(found({ listeners: [silent] })), []);
    assert.ok(complaints(found({ listeners: [silent], subscriptions: none })).includes('unheard: warn'));
  });

  test('by push and with native mode no phone has to send here, and the way has its name', () => {
    const silent = { ...listener, address: '127.0.0.1', requests: {}, lastRequestAt: null };
    const nothing = { listeners: [silent], subscriptions: none, sources: [], sourceCount: 0 };
    const esl = 'esl: { user: lamplighter@pbx.example.com, password: sixteen-characters }';
    const native = configOf(
      `sip: { listen: [ udp:127.0.0.1:5070 ] }\npbx: [ { name: main, type: freeswitch, mode: native, ${esl} } ]`,
    );
    const near = configOf('sip: { listen: [ udp:127.0.0.1:5070 ] }');
    const pushed = found({ ...nothing, pushRules: 1 }, { config: near });
    assert.deepEqual([complaints(pushed), wayOf(pushed)], [[], 'push; 0 subscriptions']);
    const told = found(nothing, { config: native });
    assert.deepEqual([complaints(told), wayOf(told)], [[], 'native (FreeSWITCH); 0 subscriptions']);
    assert.ok(
      complaints(found({ ...inline, ...nothing, pushRules: 1 }, { config: inlineConfig })).includes('unheard: warn'),
    );
  });

  test('a loopback listener that a proxy of this host uses is well', () => {
    const config = configOf('sip: { listen: [ udp:127.0.0.1:5070 ] }');
    assert.deepEqual(complaints(found({ listeners: [{ ...listener, address: '127.0.0.1' }] }, { config })), []);
  });

  test('SUBSCRIBEs that led to nothing are told apart from none at all', () => {
    const refused = found({ subscriptions: none });
    assert.deepEqual(complaints(refused), ['nobody-subscribed: warn']);
    assert.match(refused.find(({ check }) => check === 'nobody-subscribed')?.text ?? '', /^12 SUBSCRIBEs came/);
    const others = found({ subscriptions: none, listeners: [{ ...listener, requests: { OPTIONS: 3 } }] });
    assert.match(others.find(({ check }) => check === 'nobody-subscribed')?.text ?? '', /no SUBSCRIBE is among them/);
  });

  test('phones that register at a Lamplighter which is not inline are noticed', () => {
    const listeners = [{ ...listener, requests: { REGISTER: 4, INVITE: 1, SUBSCRIBE: 2 } }];
    const [complaint] = found({ listeners }).filter(({ check }) => check === 'not-for-us');
    assert.match(complaint?.text ?? '', /^4 REGISTER and 1 INVITE came here/);
    assert.deepEqual(complaints(found({ ...inline, listeners }, { config: inlineConfig })), []);
  });

  test('a phone beyond NAT is told a private address, unless sip.advertise says another', () => {
    const far = { sources: [{ address: '203.0.113.7', subscriptions: 6, users: 1 }] };
    const host = { addresses: ['10.1.2.3', 'fe80::1%eth0'] };
    assert.deepEqual(complaints(found(far, host)), ['advertise: warn']);
    assert.deepEqual(complaints(found(far)), [], 'this host has a public address');
    assert.deepEqual(complaints(found({}, { addresses: ['10.1.2.3'] })), ['advertise: warn']);
    const near = { sources: [{ address: '10.1.2.9', subscriptions: 6, users: 1 }] };
    assert.deepEqual(complaints(found(near, host)), []);
    const config = configOf('sip: { listen: [ udp:0.0.0.0:5070 ], advertise: 203.0.113.10 }');
    assert.deepEqual(complaints(found(far, { ...host, config })), []);
  });
});

describe('doctor, of proxies and trust', () => {
  test('a proxy that brings subscriptions and is not believed is named', () => {
    const ways = { subscriptions: { ...none, total: 6, proxy: 6 } };
    const [complaint] = found(ways).filter(({ check }) => check === 'proxy-not-trusted');
    assert.equal(complaint?.level, 'warn');
    assert.match(complaint?.fix ?? '', /from: \[192\.0\.2\.21\]/);
    const config = configOf('sip: { listen: [ udp:0.0.0.0:5070 ], identity: { from: [ 192.0.2.21 ] } }');
    assert.deepEqual(complaints(found(ways, { config })), []);
  });

  test('phones that come straight and are believed are noticed', () => {
    const config = configOf('sip: { listen: [ udp:0.0.0.0:5070 ], auth: trusted, trusted: [ 192.0.2.0/24 ] }');
    const several = { auth: 'trusted', sourceCount: 4 };
    assert.deepEqual(complaints(found(several, { config })), ['trusted-phones: warn']);
    assert.ok(complaints(found({ ...inline, ...several }, { config })).includes('trusted-phones: warn'));
    assert.deepEqual(complaints(found({ auth: 'trusted' }, { config })), [], 'one address may be a proxy');
  });
});

describe('doctor, inline', () => {
  const inlineFound = (ways: Partial<WaysAnswer>, more = {}) =>
    found({ ...inline, ...ways }, { config: inlineConfig, ...more });

  test('an upstream that is down is a failure, and a warning while the other one is up', () => {
    const down = { ...upstream, state: 'down', reason: 'timeout' } as const;
    assert.deepEqual(complaints(inlineFound({ upstreams: [down] })), ['upstream: fail']);
    const second = { ...upstream, uri: 'sip:192.0.2.11:5060' };
    const config = configOf(
      'sip: { listen: [ udp:0.0.0.0:5070 ], upstream: [ "sip:127.0.0.1:5060", "sip:192.0.2.11:5060" ] }',
    );
    assert.deepEqual(complaints(inlineFound({ upstreams: [down, second] }, { config })), ['upstream: warn']);
  });

  test('an upstream that is Lamplighter itself is a failure, by any address of this host', () => {
    const at = (uri: string) => {
      const config = configOf(`sip: { listen: [ udp:0.0.0.0:5070, tcp:0.0.0.0:5071 ], upstream: "${uri}" }`);
      const listeners = [...(inline.listeners ?? []), { ...listener, transport: 'tcp', port: 5071 }];
      return complaints(inlineFound({ listeners, upstreams: [{ ...upstream, uri }] }, { config }));
    };
    assert.deepEqual(at('sip:192.0.2.10:5070'), ['upstream-is-here: fail']);
    assert.deepEqual(at('sip:192.0.2.10'), []);
    assert.deepEqual(at('sip:192.0.2.11:5070'), []);
    assert.deepEqual(at('sip:192.0.2.10:5070;transport=tcp'), [], 'no TCP listener is there');
  });

  test('no REGISTER is a warning; REGISTERs that the PBX all refused are a failure', () => {
    const silent = inlineFound({ phonesLearnt: 0, listeners: [listener] });
    assert.deepEqual(complaints(silent), ['nothing-learnt: warn']);
    const refused = inlineFound({ phonesLearnt: 0 });
    assert.deepEqual(complaints(refused), ['nothing-learnt: fail']);
    const fixOf = (findings: readonly Finding[]) => findings.find(({ check }) => check === 'nothing-learnt')?.fix ?? '';
    assert.match(fixOf(refused), /fail2ban.* its log$/);
    const upstream = 'upstream: "sip:127.0.0.1:5060", inline: { reach: path }';
    const config = configOf(`sip: { listen: [ udp:0.0.0.0:5070 ], ${upstream} }`);
    assert.match(fixOf(inlineFound({ phonesLearnt: 0 }, { config })), /rewrite_contact=no/);
  });
});

describe('what doctor prints', () => {
  const findings: Finding[] = [
    { check: 'way', level: 'ok', text: 'sidecar', fix: null },
    { check: 'upstream', level: 'fail', text: 'down: \u001b[2J\r\nok', fix: 'start it' },
  ];

  test('is a line each, with the level first, and nothing that a terminal obeys', () => {
    assert.equal(asText(findings), 'ok    way: sidecar\nfail  upstream: down: ?[2J??ok\n      fix: start it\n');
  });

  test('is JSON for programs, that says at once whether all is well', () => {
    assert.deepEqual(JSON.parse(asJson(findings)), { ok: false, findings });
    assert.equal(JSON.parse(asJson(found({}))).ok, true);
  });

  test('a warning is no failure', () => {
    assert.equal(fails(found({ version: '0.0.9' })), false);
    assert.equal(fails(findings), true);
  });

  test('each check has a name of its own', () => {
    const names = checks.map(({ name }) => name);
    assert.deepEqual(names, [...new Set(names)]);
    assert.ok(names.every((name) => /^[a-z]+(-[a-z]+)*$/.test(name)));
    assert.ok(healthy.ways.listeners.length > 0);
  });
});
