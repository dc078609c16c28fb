import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { allowedApi, allowedEvents } from '../../../adapters/freeswitch/account.ts';
import { ConfXml } from '../../../adapters/freeswitch/conf-xml.ts';
import { discoverFreeswitch, type FoundFreeswitch } from '../../../adapters/freeswitch/discover.ts';
import { TreeFiles } from '../../support/tree-files.ts';

const secrets = { ami: '', ari: '', esl: 'ESL-PASS', sip: 'SIP-PASS' };

type Tree = Readonly<Record<string, string | null>>;

function look(tree: Tree): FoundFreeswitch {
  return discoverFreeswitch(new TreeFiles(tree), '/etc/freeswitch') ?? assert.fail('nothing found');
}

const codes = ({ findings }: FoundFreeswitch) => findings.problems.map(({ code }) => code);
const at = (files: Readonly<Record<string, string>>): Tree =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`/etc/freeswitch/${name}`, text]));

const socket = (ip: string, password: string) =>
  `<configuration name="event_socket.conf" description="Socket Client">
  <settings>
    <param name="nat-map" value="false"/>
    <param name="listen-ip" value="${ip}"/>
    <param name="listen-port" value="8021"/>
    <param name="password" value="${password}"/>
    <!--<param name="apply-inbound-acl" value="loopback.auto"/>-->
  </settings>
</configuration>
`;

const profile = (name: string, port: string) =>
  `<profile name="${name}">\n  <settings>\n    <param name="sip-port" value="${port}"/>\n  </settings>\n</profile>\n`;

/** The packages' configuration, in short. */
const stock = at({
  'freeswitch.xml': `<?xml version="1.0"?>
<document type="freeswitch/xml">
  <X-PRE-PROCESS cmd="include" data="vars.xml"/>
  <section name="configuration" description="Various Configuration">
    <X-PRE-PROCESS cmd="include" data="autoload_configs/*.xml"/>
  </section>
  <section name="dialplan"><X-PRE-PROCESS cmd="include" data="dialplan/*.xml"/></section>
  <section name="directory" description="User Directory">
    <X-PRE-PROCESS cmd="include" data="directory/*.xml"/>
  </section>
</document>
`,
  'vars.xml': `<include>
  <X-PRE-PROCESS cmd="set" data="default_password=1234"/>
  <X-PRE-PROCESS cmd="set" data="domain=$\${local_ip_v4}"/>
  <X-PRE-PROCESS cmd="set" data="internal_sip_port=5060"/>
  <X-PRE-PROCESS cmd="set" data="external_sip_port=5080"/>
</include>
`,
  'autoload_configs/event_socket.conf.xml': socket('::', 'ClueCon'),
  'autoload_configs/modules.conf.xml':
    '<configuration name="modules.conf"><modules>\n<load module="mod_event_socket"/>\n</modules></configuration>',
  'autoload_configs/sofia.conf.xml':
    '<configuration name="sofia.conf"><profiles>\n<X-PRE-PROCESS cmd="include" data="../sip_profiles/*.xml"/>\n</profiles></configuration>',
  'sip_profiles/internal.xml': profile('internal', '$${internal_sip_port}'),
  'sip_profiles/internal-ipv6.xml': profile('internal-ipv6', '$${internal_sip_port}'),
  'sip_profiles/external.xml': profile('external', '$${external_sip_port}'),
  'directory/default.xml': `<include>
  <domain name="$\${domain}">
    <groups><group name="default"><users><X-PRE-PROCESS cmd="include" data="default/*.xml"/></users></group></groups>
  </domain>
</include>
`,
  'directory/default/1000.xml': '<include><user id="1000"/></include>',
  'dialplan/default.xml': '<include><context name="default"/></include>',
});

const own = '/etc/freeswitch/directory/default/lamplighter.xml';

describe('a stock FreeSWITCH', () => {
  test('is found with its socket, its profiles and their ports; what is unsafe is said', () => {
    const found = look(stock);
    assert.equal(found.flavour, 'freeswitch');
    assert.deepEqual(codes(found), ['esl-open', 'esl-default-password']);
    assert.deepEqual(found.findings.problems[1]?.at, {
      file: '/etc/freeswitch/autoload_configs/event_socket.conf.xml',
      line: 6,
    });
    assert.deepEqual(found.esl, { host: '127.0.0.1', port: 8021, user: 'lamplighter', password: null });
    assert.deepEqual([found.profiles, found.sipPorts], [['internal'], [5080, 5060]]);
    assert.equal(found.domain, null, 'the address of the host, which the files do not know');
  });

  test('gets an account of its own in the directory, and with it lacks nothing', () => {
    const [wanted] = look(stock).wanted;
    assert.equal(wanted?.file, own);
    const text = wanted!.lines(secrets).join('\n');
    const found = look({ ...stock, [own]: text });
    assert.deepEqual([found.wanted, found.esl.password], [[], 'ESL-PASS']);
  });

  test('the account may what that of config/freeswitch/lamplighter.xml may', () => {
    const sample = readFileSync('config/freeswitch/lamplighter.xml', 'utf8');
    assert.equal(/name="esl-allowed-events" value="([^"]*)"/.exec(sample)?.[1], allowedEvents);
    assert.equal(/name="esl-allowed-api" value="([^"]*)"/.exec(sample)?.[1], allowedApi);
    const names = (text: string) => [...text.matchAll(/<param name="([^"]*)"/g)].map(([, name]) => name);
    assert.deepEqual(names(look(stock).wanted[0]!.lines(secrets).join('\n')), names(sample));
  });

  test('a domain that the admin set is taken', () => {
    const vars = stock['/etc/freeswitch/vars.xml']!.replace('$${local_ip_v4}', 'pbx.example.com');
    assert.equal(look({ ...stock, '/etc/freeswitch/vars.xml': vars }).domain, 'pbx.example.com');
  });

  test('without event_socket.conf.xml, without the module, with another directory: said, nothing is added', () => {
    const { '/etc/freeswitch/autoload_configs/event_socket.conf.xml': _gone, ...rest } = stock;
    assert.ok(codes(look(rest)).includes('no-event-socket'));
    const unloaded = { ...stock, '/etc/freeswitch/autoload_configs/modules.conf.xml': '<load module="mod_sofia"/>' };
    assert.ok(codes(look(unloaded)).includes('esl-not-loaded'));
    const elsewhere = look({ ...stock, '/etc/freeswitch/directory/default.xml': '<include/>' });
    assert.ok(codes(elsewhere).includes('no-directory'));
    assert.deepEqual(elsewhere.wanted, []);
  });

  test('files that only root may read: said, nothing is added', () => {
    const found = look({ ...stock, '/etc/freeswitch/autoload_configs/event_socket.conf.xml': null });
    assert.equal(codes(found)[0], 'unreadable-forbidden');
    assert.deepEqual(found.wanted, []);
  });
});

describe('a FusionPBX', () => {
  const lua = (hook: string) =>
    `<configuration name="lua.conf">\n  <settings>\n    <param name="xml-handler-script" value="app.lua xml_handler"/>\n    ${hook}\n  </settings>\n</configuration>\n`;
  const hook = '<hook event="PHONE_FEATURE_SUBSCRIBE" subclass="" script="app.lua feature_event"/>';
  const fusion: Tree = {
    ...stock,
    '/etc/fusionpbx/config.conf':
      'database.0.type = pgsql\ndatabase.0.password = not-ours\nswitch.conf.dir = /etc/freeswitch\nswitch.recordings.dir = /var/lib/freeswitch/recordings\n',
    '/etc/freeswitch/autoload_configs/event_socket.conf.xml': socket('127.0.0.1', 'fusion-secret'),
    '/etc/freeswitch/autoload_configs/lua.conf.xml': lua(`<!--${hook}-->`),
    '/var/lib/freeswitch/recordings/t1.example.com/archive/x': '',
    '/var/lib/freeswitch/recordings/t2.example.com/archive/x': '',
    '/var/lib/freeswitch/recordings/readme': '',
  };

  test('is reached with the socket’s own password, and its domains are seen by their folders', () => {
    const found = look(fusion);
    assert.equal(found.flavour, 'fusionpbx');
    assert.deepEqual(found.esl, { host: '127.0.0.1', port: 8021, user: null, password: 'fusion-secret' });
    assert.deepEqual(found.domains, ['t1.example.com', 't2.example.com']);
  });

  test('gets the hook of its own script, which it ships commented out', () => {
    const found = look(fusion);
    assert.deepEqual(codes(found), ['no-hook']);
    const [wanted] = found.wanted;
    assert.equal(wanted?.file, '/etc/freeswitch/autoload_configs/lua.conf.xml');
    assert.equal(wanted.before, '</settings>');
    assert.deepEqual(
      wanted.lines(secrets).map((line) => line.trim()),
      [hook],
    );
    assert.deepEqual(look({ ...fusion, [wanted.file]: lua(hook) }).wanted, []);
  });

  test('4.x has config.php', () => {
    const { '/etc/fusionpbx/config.conf': _gone, ...rest } = fusion;
    assert.equal(look({ ...rest, '/etc/fusionpbx/config.php': '<?php $db_type = "pgsql"; ?>' }).flavour, 'fusionpbx');
  });

  test('whose domains nobody sees says so, and what to do', () => {
    const unseen = Object.fromEntries(Object.entries(fusion).filter(([path]) => !path.startsWith('/var/')));
    assert.deepEqual(codes(look(unseen)), ['no-hook', 'no-domain']);
  });
});

test('hostile XML: loops, what never ends, what is no XML', () => {
  const loop = at({
    'freeswitch.xml': '<X-PRE-PROCESS cmd="include" data="*.xml"/>',
    'a.xml': '<X-PRE-PROCESS cmd="include" data="a.xml"/>',
  });
  assert.equal(new ConfXml(new TreeFiles(loop), '/etc/freeswitch/freeswitch.xml').files.size, 2);
  const vars = at({
    'freeswitch.xml': '<X-PRE-PROCESS cmd="set" data="a=$${b}$${b}"/><X-PRE-PROCESS cmd="set" data="b=$${a}$${a}"/>',
  });
  assert.equal(new ConfXml(new TreeFiles(vars), '/etc/freeswitch/freeswitch.xml').resolve('$${a}'), null);
  for (const text of [
    '<'.repeat(500_000),
    '<a '.repeat(300_000),
    `<a ${'x="1" '.repeat(200_000)}`,
    '<!--'.repeat(100_000),
    'no xml',
  ]) {
    const started = process.cpuUsage().user;
    assert.deepEqual(
      new ConfXml(new TreeFiles(at({ 'freeswitch.xml': text })), '/etc/freeswitch/freeswitch.xml').tags,
      [],
    );
    assert.ok(process.cpuUsage().user - started < 5_000_000, 'CPU time, not time');
  }
});
