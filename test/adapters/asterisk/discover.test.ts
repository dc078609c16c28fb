import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { discoverAsterisk, type FoundAsterisk } from '../../../adapters/asterisk/discover.ts';
import { asteriskElsewhere } from '../../../adapters/asterisk/wanted-lines.ts';
import { TreeFiles } from '../../support/tree-files.ts';

const secrets = { ami: 'AMI-PASS', ari: 'ARI-PASS', esl: '', sip: '' };

type Tree = Readonly<Record<string, string | null>>;

function look(tree: Tree, folder = '/etc/asterisk'): FoundAsterisk {
  return discoverAsterisk(new TreeFiles(tree), folder) ?? assert.fail('nothing found');
}

const codes = ({ findings }: FoundAsterisk) => findings.problems.map(({ code }) => code);
const added = ({ wanted }: FoundAsterisk) =>
  Object.fromEntries(wanted.map((one) => [one.file.replace('/etc/asterisk/', ''), one.lines(secrets).join('\n')]));
const fact = ({ findings }: FoundAsterisk, what: string) => findings.facts.find((one) => one.what === what);

/** Debian's package, in short. */
const debian: Tree = {
  '/etc/asterisk/asterisk.conf': '[directories](!)\nastetcdir => /etc/asterisk\n[options]\n;verbose = 3\n',
  '/etc/asterisk/manager.conf':
    ';\n[general]\nenabled = no\n;webenabled = yes\nport = 5038\nbindaddr = 0.0.0.0\n;[mark]\n;secret = x\n#include "manager.d/*.conf"\n',
  '/etc/asterisk/manager.d/README.conf': '; nothing\n',
  '/etc/asterisk/http.conf': '[general]\n;enabled=yes\nbindaddr=127.0.0.1\n;bindport=8088\n',
  '/etc/asterisk/ari.conf': '[general]\nenabled = yes\n;[username]\n;type = user\n',
  '/etc/asterisk/pjsip.conf':
    '[transport-udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0\n[transport-tls]\ntype=transport\nprotocol=tls\nbind=0.0.0.0:5061\n',
};

/** FreePBX 16 and 17: its files are made from its database, the admin's are the _custom ones. */
const freepbx: Tree = {
  '/etc/freepbx.conf': "<?php\n$amp_conf['AMPDBUSER'] = 'freepbxuser';\n$amp_conf['AMPMGRPASS'] = 'not ours';\n",
  '/var/www/html/admin/modules/framework/module.xml':
    '<module>\n<rawname>framework</rawname>\n<version>16.0.40.7</version>\n',
  '/etc/asterisk/extensions_additional.conf': '[from-internal]\n',
  '/etc/asterisk/manager.conf':
    '[general]\nenabled = yes\nport = 5038\nbindaddr = 127.0.0.1\ndisplayconnects=no\n[admin]\nsecret = theirs\nread = all\nwrite = all\n#include manager_additional.conf\n#include manager_custom.conf\n',
  '/etc/asterisk/manager_additional.conf': '[firewall]\nsecret = x\n',
  '/etc/asterisk/manager_custom.conf': '',
  '/etc/asterisk/http.conf': '[general]\n#include http_additional.conf\n#include http_custom.conf\n',
  '/etc/asterisk/http_additional.conf':
    '[general]\nenabled=yes\nenablestatic=no\nbindaddr=::\nbindport=8088\nprefix=\n',
  '/etc/asterisk/http_custom.conf': '',
  '/etc/asterisk/ari.conf':
    '[general]\n#include ari_general_additional.conf\n#include ari_general_custom.conf\n#include ari_additional.conf\n#include ari_additional_custom.conf\n',
  '/etc/asterisk/ari_general_additional.conf': 'enabled=yes\npretty=no\nwebsocket_write_timeout=100\n',
  '/etc/asterisk/ari_general_custom.conf': '',
  '/etc/asterisk/ari_additional.conf':
    '[freepbxuser]\ntype=user\npassword=theirs\npassword_format=plain\nread_only=no\n',
  '/etc/asterisk/ari_additional_custom.conf': '',
  '/etc/asterisk/pjsip.conf': '#include pjsip.transports.conf\n',
  '/etc/asterisk/pjsip.transports.conf': '[0.0.0.0-udp]\ntype=transport\nprotocol=udp\nbind=0.0.0.0:5060\n',
};

const withLines = (tree: Tree, found: FoundAsterisk): Tree => ({
  ...tree,
  ...Object.fromEntries(
    found.wanted.map((one) => [one.file, `${tree[one.file] ?? ''}\n${one.lines(secrets).join('\n')}\n`]),
  ),
});

describe('a stock Asterisk', () => {
  test('lacks AMI, an account, the HTTP server and an ARI user; each is said with its place', () => {
    const found = look(debian);
    assert.equal(found.flavour, 'asterisk');
    assert.deepEqual(codes(found), ['ami-disabled', 'http-disabled']);
    assert.deepEqual(found.findings.problems[0]?.at, { file: '/etc/asterisk/manager.conf', line: 3 });
    assert.deepEqual(fact(found, 'HTTP server')?.value, 'off');
    assert.deepEqual(found.sipPorts, [5060, 5061]);
    assert.deepEqual(Object.keys(added(found)), ['manager.conf', 'http.conf', 'ari.conf']);
    assert.match(
      added(found)['manager.conf']!,
      /^\[general\]\(\+\)\nenabled = yes\nbindaddr = 127\.0\.0\.1\nport = 5038\n\[lamplighter\]\nsecret = AMI-PASS\n/,
    );
    assert.equal(
      added(found)['ari.conf'],
      '[lamplighter]\ntype = user\nread_only = no\npassword_format = plain\npassword = ARI-PASS',
    );
  });

  test('with the lines in place lacks nothing, and says how it is reached', () => {
    const found = look(withLines(debian, look(debian)));
    assert.deepEqual([codes(found), found.wanted], [[], []]);
    assert.deepEqual(found.ami, { host: '127.0.0.1', port: 5038, password: 'AMI-PASS' });
    assert.deepEqual(found.ari, { url: 'http://127.0.0.1:8088', password: 'ARI-PASS' });
  });

  test('the lines are those of config/asterisk', () => {
    const { 'manager.conf': manager, 'ari.conf': ari } = added(look(debian));
    const settings = (text: string) =>
      text.split('\n').filter((line) => /^[a-z_]+ = /.test(line) && !/CHANGE-ME|-PASS/.test(line));
    const own = (file: string) => settings(readFileSync(`config/asterisk/${file}`, 'utf8').split('[lamplighter]')[1]!);
    assert.deepEqual(settings(manager!.split('[lamplighter]')[1]!), own('manager.conf'));
    assert.deepEqual(settings(ari!.split('[lamplighter]')[1]!), own('ari.conf'));
  });

  test('where the files are not there at all, they are made', () => {
    const found = look({ '/etc/asterisk/pjsip.conf': debian['/etc/asterisk/pjsip.conf']! });
    assert.match(added(found)['manager.conf']!, /^\[general\]\nenabled = yes\n/);
    assert.match(added(found)['ari.conf']!, /^\[general\]\nenabled = yes\n\[lamplighter\]\n/);
    assert.ok(found.wanted.every(({ create }) => create));
  });
});

describe('a FreePBX', () => {
  test('gets its lines in the files that are the admin’s; what is on already is left alone', () => {
    const found = look(freepbx);
    assert.equal(found.flavour, 'freepbx');
    assert.deepEqual(fact(found, 'FreePBX'), {
      what: 'FreePBX',
      value: '16.0.40.7',
      at: { file: '/var/www/html/admin/modules/framework/module.xml', line: 3 },
    });
    assert.deepEqual(codes(found), ['http-open']);
    assert.deepEqual(Object.keys(added(found)), ['manager_custom.conf', 'ari_additional_custom.conf']);
    assert.equal(fact(found, 'AMI accounts of others, left alone')?.value, 'admin, firewall');
    const after = look(withLines(freepbx, found));
    assert.deepEqual(after.wanted, []);
    assert.equal(after.ami.password, 'AMI-PASS');
  });

  test('with its HTTP server off gets that on in http_custom.conf', () => {
    const off = {
      ...freepbx,
      '/etc/asterisk/http_additional.conf': '[general]\nenabled=no\nbindaddr=::\nbindport=8088\n',
    };
    const found = look(off);
    assert.match(added(found)['http_custom.conf']!, /^\[general\]\(\+\)\nenabled = yes\nbindaddr = 127\.0\.0\.1\n/);
    assert.deepEqual(look(withLines(off, found)).wanted, []);
  });

  test('/etc/freepbx.conf that only root may read says all the same whose files these are', () => {
    assert.equal(look({ ...freepbx, '/etc/freepbx.conf': null }).flavour, 'freepbx');
  });

  test('17 of Debian keeps its web pages elsewhere, and Issabel its own file', () => {
    const { '/etc/freepbx.conf': _gone, ...rest } = freepbx;
    assert.equal(look({ ...rest, '/etc/issabel.conf': '' }).flavour, 'freepbx');
    assert.equal(look(rest).flavour, 'asterisk');
  });
});

describe('what is odd', () => {
  const ready = withLines(debian, look(debian));
  const manager = ready['/etc/asterisk/manager.conf']!;
  const ari = ready['/etc/asterisk/ari.conf']!;

  test('rights that are too small, with the line and the right one', () => {
    const found = look({
      ...ready,
      '/etc/asterisk/manager.conf': manager.replaceAll(/= system,call,reporting,agent/g, '= call'),
    });
    assert.deepEqual(codes(found), ['rights-too-small', 'rights-too-small']);
    assert.match(found.findings.problems[1]!.text, /no right to write system, reporting$/);
    assert.match(found.findings.problems[1]!.fix, /write = system,call,reporting,agent/);
    assert.deepEqual(
      codes(look({ ...ready, '/etc/asterisk/manager.conf': manager.replaceAll(/= system,\S*/g, '= all') })),
      [],
    );
  });

  test('an ARI user who may only read, a prefix, and a line that hangs Asterisk', () => {
    assert.deepEqual(
      codes(look({ ...ready, '/etc/asterisk/ari.conf': ari.replace('read_only = no', 'read_only = yes') })),
      ['ari-read-only'],
    );
    const prefixed = `${ready['/etc/asterisk/http.conf']}prefix = asterisk\n`;
    assert.deepEqual(codes(look({ ...ready, '/etc/asterisk/http.conf': prefixed })), ['http-prefix']);
    const deadly = ari.replace('[general]', '[general]\nchannelvars = CHANNEL(pjsip,call-id)');
    assert.deepEqual(codes(look({ ...ready, '/etc/asterisk/ari.conf': deadly })), ['channelvars']);
  });

  test('AMI and ARI that other hosts reach are named; logins then come from that address', () => {
    const open = manager
      .replaceAll(/bindaddr = 127\.0\.0\.1/g, 'bindaddr = 192.0.2.7')
      .replace(/\[lamplighter\][\s\S]*/, '');
    const found = look({ ...ready, '/etc/asterisk/manager.conf': open });
    assert.deepEqual(codes(found), ['ami-open']);
    assert.equal(found.ami.host, '192.0.2.7');
    assert.match(added(found)['manager.conf']!, /permit = 192\.0\.2\.7\/255\.255\.255\.255/);
  });

  test('files that may not be read or cannot be understood: said, and nothing is added to them', () => {
    for (const [text, code] of [
      [null, 'unreadable-forbidden'],
      ['\0\x01binary', 'unreadable-no-text'],
      ['[general\n', 'unparsable'],
      ['#include manager.conf\n', 'unparsable'],
    ] as const) {
      const found = look({ ...debian, '/etc/asterisk/manager.conf': text });
      assert.ok(codes(found).includes(code), `${code}: ${codes(found)}`);
      assert.ok(!found.wanted.some(({ file }) => file.endsWith('manager.conf')));
    }
  });

  test('a folder that is none of Asterisk’s', () => {
    assert.equal(discoverAsterisk(new TreeFiles({ '/etc/asterisk/readme.txt': '' }), '/etc/asterisk'), null);
    assert.equal(discoverAsterisk(new TreeFiles({}), '/etc/asterisk'), null);
  });
});

test('for an Asterisk elsewhere the lines let this host in and no other', () => {
  const text = asteriskElsewhere('192.0.2.9')
    .map((one) => one.lines(secrets).join('\n'))
    .join('\n');
  assert.match(text, /deny = 0\.0\.0\.0\/0\.0\.0\.0\npermit = 192\.0\.2\.9\/255\.255\.255\.255/);
});
