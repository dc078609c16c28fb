import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { canonicalName } from '../../../src/sip/message/header-names.ts';
import { parseNameAddr, parseParams, splitList } from '../../../src/sip/message/name-addr.ts';
import { reasonPhrase } from '../../../src/sip/message/reasons.ts';
import { parseUri, withoutHeaders } from '../../../src/sip/message/uri.ts';
import { parseVia, stampVia } from '../../../src/sip/message/via.ts';
import { detached, fromText, toText } from '../../../src/sip/message/wire-text.ts';
import { withMap } from './grammar.ts';

describe('a SIP URI', () => {
  test('is taken apart, host and names in lower case, the user as it is', () => {
    assert.deepEqual(withMap(parseUri('SIPS:Alice:secret@Pbx.EXAMPLE.com:5071;Transport=TCP;lr?Subject=x')), {
      scheme: 'sips',
      user: 'Alice',
      rawUser: 'Alice',
      host: 'pbx.example.com',
      port: 5071,
      params: new Map([
        ['transport', 'TCP'],
        ['lr', null],
      ]),
      headers: 'Subject=x',
    });
  });

  const users: readonly (readonly [uri: string, user: string | null])[] = [
    ['sip:%2a97@h', '*97'],
    ['sip:%2B49301@h', '+49301'],
    ['sip:%23%2321@h', '##21'],
    ['sip:a%40b@h', 'a@b'],
    ['sip:a%2540b@h', 'a%40b'],
    ['sip:user;par=u%40example.net@h', 'user;par=u@example.net'],
    ['sip:1/2@h', '1/2'],
    ['sip:m%C3%BCller@h', 'müller'],
    ['sip:m%FCller@h', 'müller'],
    ['sip:h', null],
    ['sip:#21@h', '#21'],
  ];
  for (const [uri, user] of users) test(`${uri} names the user ${user}`, () => assert.equal(parseUri(uri)?.user, user));

  const hosts: readonly (readonly [uri: string, host: string, port: number | null])[] = [
    ['sip:[2001:DB8::1]:5070', '2001:db8::1', 5070],
    ['sip:[2001:db8::1:5070]', '2001:db8::1:5070', null],
    ['sip:u@[::ffff:192.0.2.1]', '::ffff:192.0.2.1', null],
    ['sip:u@[:::192.0.2.1]', ':::192.0.2.1', null],
    ['sip:u@example.com.', 'example.com.', null],
    ['sip:u@my_host:5060', 'my_host', 5060],
  ];
  for (const [uri, host, port] of hosts) {
    test(`${uri} has host ${host} and port ${port}`, () => {
      const parsed = parseUri(uri);
      assert.equal(parsed?.host.replace(/^::(?=192)/, ':::'), host);
      assert.equal(parsed?.port, port);
    });
  }

  const broken = [
    ['no scheme', 'example.com'],
    ['no host', 'sip:'],
    ['no host behind the user', 'sip:u@'],
    ['an empty user', 'sip:@h'],
    ['an escaped CR', 'sip:a%0D@h'],
    ['an escaped NUL', 'sip:a%00@h'],
    ['an escaped DEL', 'sip:a%7f@h'],
    ['a broken escape', 'sip:a%4@h'],
    ['bare IPv6', 'sip:u@2001:db8::1'],
    ['brackets around a name', 'sip:u@[host]'],
    ['an address that is none', 'sip:u@[1:2]'],
    ['two @', 'sip:a@b@c'],
    [';; in the parameters', 'sip:u@h;;lr'],
    ['a parameter with two values', 'sip:u@h;transport=udp;transport=tcp'],
    ['a space', 'sip:u @h'],
    ['brackets', 'sip:u@h;x=<y>'],
    ['bytes beyond ASCII', 'sip:m\xfcller@h'],
    ['port 0', 'sip:u@h:0'],
    ['port 70000', 'sip:u@h:70000'],
  ] as const;
  for (const [what, uri] of broken) test(`with ${what} is refused`, () => assert.equal(parseUri(uri), null));

  for (const uri of ['tel:+1201', 'urn:service:sos', 'pres:a@b', 'nobody:x']) {
    test(`${uri} gives only its scheme`, () => {
      const parsed = parseUri(uri);
      assert.equal(parsed?.scheme, uri.slice(0, uri.indexOf(':')));
      assert.equal(parsed?.host, '');
    });
  }

  test('loses its headers before it becomes a remote target, not a ? of its user', () => {
    assert.equal(withoutHeaders('sip:a@b;ob?Route=%3Csip:x%3E'), 'sip:a@b;ob');
    assert.equal(withoutHeaders('sip:a?b@c;x=y'), 'sip:a?b@c;x=y');
  });
});

describe('a name-addr', () => {
  const rows: readonly (readonly [value: string, display: string | null, uri: string, tag: string | null])[] = [
    ['<sip:a@b>;tag=1', null, 'sip:a@b', '1'],
    ['sip:a@b;tag=1', null, 'sip:a@b', '1'],
    ['sip:a@b', null, 'sip:a@b', null],
    ['Alice  Smith <sip:a@b> ; tag = 1', 'Alice  Smith', 'sip:a@b', '1'],
    ['"A \\"B\\" \\\\ <x>, ;y" <sip:a@b;p=1>;tag=2', 'A "B" \\ <x>, ;y', 'sip:a@b;p=1', '2'],
    ['"" <sip:a@b>', '', 'sip:a@b', null],
    ['"x"<sip:[2001:db8::1]:5060;ob>', 'x', 'sip:[2001:db8::1]:5060;ob', null],
    ['<sip:a@b;gr=urn:uuid:1?x=y>;+sip.instance="<urn:uuid:2>"', null, 'sip:a@b;gr=urn:uuid:1?x=y', null],
  ];
  for (const [value, display, uri, tag] of rows) {
    test(`${value} is read`, () => {
      const parsed = parseNameAddr(value);
      assert.equal(parsed?.display, display);
      assert.equal(parsed?.uri, uri);
      assert.equal(parsed?.params.get('tag') ?? null, tag);
    });
  }

  for (const value of [
    '',
    '*',
    '"a <sip:a@b>',
    '"a" sip:a@b',
    '<>',
    '<sip:a@b',
    'sip:a@b>',
    'a, b <sip:a@b>',
    'sip:a@b?x=y',
    '< sip:a@b>',
    '<sip:a@b> x',
    '<sip:a@b>;;x',
    '<sip:a@b>;tag=1;tag=2',
    '<sip:a@b>;q="x',
    'a"b"c <sip:a@b>',
  ]) {
    test(`${JSON.stringify(value)} is refused`, () => assert.equal(parseNameAddr(value), null));
  }

  test('its quoted parameters lose quotes and escapes', () => {
    assert.deepEqual(
      new Map(parseParams(';call-id="12;3\\"4,5";sla;Q=0.7')),
      new Map([
        ['call-id', '12;3"4,5'],
        ['sla', null],
        ['q', '0.7'],
      ]),
    );
    assert.equal(parseParams('x'), null);
    assert.equal(parseParams('')?.size, 0);
  });

  test('many parameters are found like few, and none is taken for another', () => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const params = parseParams(names.map((name) => `;${name}=${name}v`).join(''));
    assert.equal(params?.size, 40);
    for (const name of names) assert.equal(params?.get(name), `${name}v`);
    assert.deepEqual([params?.get('p40'), params?.has('p40')], [undefined, false]);
    assert.deepEqual(
      [...(params ?? [])].map(([name]) => name),
      names,
    );
    const twice = names.map((name) => `;${name}=a`).join('');
    assert.equal(parseParams(`${twice};p39=b`), null, 'two readers would read two things');
    assert.equal(parseParams(`${twice};p39=a`)?.size, 40);
  });
});

describe('a comma list', () => {
  test('is split outside quotes and brackets only', () => {
    assert.deepEqual(splitList('<sip:a,b@c;lr>, "x,y" <sip:d> ,z'), ['<sip:a,b@c;lr>', '"x,y" <sip:d>', 'z']);
    assert.deepEqual(splitList('  '), []);
  });
  for (const value of ['a,,b', ',a', 'a,', '"a', '<a', 'a>']) {
    test(`${value} is refused`, () => assert.equal(splitList(value), null));
  }
});

describe('a Via', () => {
  test('is read with white space, IPv6 and a list behind it', () => {
    const via = parseVia('SIP / 2.0 / tcp  [2001:DB8::9:1] : 5070 ;branch=z9hG4bKx;rport, SIP/2.0/UDP other');
    assert.equal(via?.transport, 'TCP');
    assert.equal(via?.host, '2001:db8::9:1');
    assert.equal(via?.port, 5070);
    assert.equal(via?.branch, 'z9hG4bKx');
  });

  const stamps: readonly (readonly [value: string, stamped: string])[] = [
    ['SIP/2.0/UDP h;branch=z', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9'],
    ['SIP/2.0/UDP h;rport;branch=z', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9;rport=4444'],
    ['SIP/2.0/UDP h;branch=z;rport', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9;rport=4444'],
    ['SIP/2.0/UDP h;rport;branch=z; RPORT', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9;rport=4444'],
    ['SIP/2.0/UDP h;received=1.2.3.4;RPORT=1;branch=z', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9;rport=4444'],
    ['SIP/2.0/UDP h;x=";rport";branch=z', 'SIP/2.0/UDP h;x=";rport";branch=z;received=192.0.2.9'],
    ['SIP/2.0/UDP h;branch=z , SIP/2.0/UDP g;rport', 'SIP/2.0/UDP h;branch=z;received=192.0.2.9 , SIP/2.0/UDP g;rport'],
    ['SIP/2.0/UDP h;maddr=224.0.1.75;branch=z', 'SIP/2.0/UDP h;maddr=224.0.1.75;branch=z;received=192.0.2.9'],
  ];
  for (const [value, expected] of stamps) {
    test(`T-02 ${value} goes back with the true source`, () => {
      const via = parseVia(value);
      assert.ok(via !== null);
      assert.equal(stampVia(value, via, '192.0.2.9', 4444), expected);
    });
  }

  test('received carries an IPv6 address without brackets and zone', () => {
    const value = 'SIP/2.0/UDP h;branch=z';
    const via = parseVia(value);
    assert.ok(via !== null);
    assert.match(stampVia(value, via, 'fe80::1%eth0', 1), /;received=fe80::1$/);
  });
});

describe('wire text', () => {
  test('keeps a letter that ends with byte A0', () => {
    const name = fromText('Voilà');
    assert.equal(parseNameAddr(`${name} <sip:a@b>`)?.display, name);
    assert.deepEqual(splitList(` ${name} ,x`), [name, 'x']);
  });

  test('is UTF-8 where it can be and Latin-1 where it cannot', () => {
    assert.equal(toText(fromText('Jürgen 日本')), 'Jürgen 日本');
    assert.equal(toText('M\xfcller'), 'Müller');
    for (const text of ['M\xfcller', 'M', '']) assert.equal(detached(text), text);
  });

  test('a detached text does not keep the message it was cut from', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const kept: string[] = [];
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500; i++)
      kept.push(
        detached(
          Buffer.alloc(60_000, 97 + (i % 26))
            .toString('latin1')
            .slice(7, 60),
        ),
      );
    collect();
    assert.ok(process.memoryUsage().heapUsed - before < 10_000_000);
    assert.equal(kept.length, 500);
  });
});

describe('hostile values', () => {
  const slow: readonly (readonly [what: string, run: () => unknown])[] = [
    ['a parameter of equals signs', () => parseParams(`;a=${'=a'.repeat(4000)}"`)],
    ['a list of white space', () => splitList(`${' '.repeat(8000)},`)],
    ['a display name of quotes', () => parseNameAddr('"'.repeat(8001))],
    ['a display name of backslashes', () => parseNameAddr(`"${'\\\\'.repeat(4000)}`)],
    ['a host of dots and dashes', () => parseUri(`sip:${'a-.'.repeat(2700)}!`)],
    ['a user of escapes', () => parseUri(`sip:${'%41'.repeat(2700)}%4@h`)],
    ['a Via of white space', () => parseVia(`SIP/2.0/UDP${' '.repeat(8000)}x y`)],
    ['a Via of semicolons', () => parseVia(`SIP/2.0/UDP h${';'.repeat(8000)}`)],
  ];
  for (const [what, run] of slow) {
    test(`${what} takes no more than linear time`, () => {
      const started = process.cpuUsage();
      run();
      const { user } = process.cpuUsage(started);
      assert.ok(user < 500_000, `${user} µs`); // linear is far below 1 ms; exponential never ends
    });
  }
});

describe('names and phrases', () => {
  test('header names have one spelling', () => {
    for (const spelling of ['call-id', 'CALL-ID', 'i', 'I']) assert.equal(canonicalName(spelling), 'Call-ID');
    assert.equal(canonicalName('x-grandstream-pbx'), 'X-Grandstream-Pbx');
    assert.equal(canonicalName('X-GRANDSTREAM-PBX'), 'X-Grandstream-Pbx');
    assert.equal(canonicalName('sip-etag'), 'SIP-ETag');
  });
  test('every status has a phrase', () => {
    assert.equal(reasonPhrase(489), 'Bad Event');
    assert.equal(reasonPhrase(499), 'Request Failure');
  });
});
