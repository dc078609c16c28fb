import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { Domains } from '../../adapters/freeswitch/domains.ts';
import { eventCommand } from '../../adapters/freeswitch/esl/commands.ts';
import { pictureEvents, pictureSubclasses, readEsl } from '../../adapters/freeswitch/events.ts';
import { dndOn, realms, secondsRealm } from '../../adapters/freeswitch/features/database.ts';
import { safeTarget } from '../../adapters/freeswitch/features/words.ts';
import { featureNames } from '../../src/model/feature.ts';

const folder = 'config/freeswitch';
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const files = readdirSync(folder);
const dialplan = read('dialplan.xml').replace(/<!--.*?-->/gs, '');

/** A `param` of lamplighter.xml. */
function param(name: string): string {
  return new RegExp(`<param name="${name}" value="([^"]*)"/>`).exec(read('lamplighter.xml'))?.[1] ?? '';
}

describe('the snippets of config/freeswitch', () => {
  for (const file of files) {
    test(`${file} is well-formed, and holds nothing that FreeSWITCH would run in a comment`, () => {
      assert.equal(XMLValidator.validate(read(file)), true);
      new XMLParser().parse(read(file), true);
      assert.doesNotMatch(read(file), /X-PRE-PROCESS|\$\$\{/);
      for (const [, comment = ''] of read(file).matchAll(/<!--(.*?)-->/gs)) assert.doesNotMatch(comment, /--/);
    });
  }

  test('each feature is written, deleted and obeyed under the key where it is looked for', () => {
    for (const feature of featureNames) {
      const realm = realms[feature];
      assert.match(dialplan, new RegExp(`data="insert/${realm}/\\$\\{user_name}@\\$\\{domain_name}/(?:true|\\$1)"`));
      assert.ok(dialplan.includes(`data="delete/${realm}/\${user_name}@\${domain_name}"`), realm);
      assert.match(dialplan, new RegExp(`\\$\\{db\\(select/${realm}/\\$\\{\\w+}@\\$\\{domain_name}\\)}`));
    }
    const used = [...dialplan.matchAll(/(?:insert|delete|select)\/(\w+)\//g)].map((it) => it[1]!);
    assert.deepEqual([...new Set(used)].sort(), [...Object.values(realms), secondsRealm].sort());
  });

  test('what is dialled is what is taken for a forward, and do-not-disturb is obeyed by the value that is written', () => {
    const conditions = [...dialplan.matchAll(/select\/(\w+)\/[^"]*" expression="\^([^"]*)\$"/g)];
    const obeyed = new Map(conditions.map((it) => [it[1], it[2]]));
    assert.equal(obeyed.get(realms.dnd), dndOn);
    for (const feature of ['cfa', 'cfb', 'cfna'] as const)
      assert.equal(`^${obeyed.get(realms[feature])}$`, `^(${safeTarget.source.slice(1, -1)})$`);
    assert.equal(obeyed.get(secondsRealm), '(\\d{1,3})');
  });

  test('each change by a code is told, by an event that names the user', () => {
    const writes = [...dialplan.matchAll(/application="db" data="(?:insert|delete)\/(\w+)\//g)].map((it) => it[1]!);
    const events = [...dialplan.matchAll(/application="event" data="([^"]*)"/g)].map((it) => it[1]!);
    assert.equal(writes.length, events.length);
    const domains = new Domains([{ name: 'pbx.example', aliases: [] }]);
    for (const [index, data] of events.entries()) {
      const filled = data.replace(/\$\{user_name}/, '2001').replace(/\$\{domain_name}/, 'pbx.example');
      const event = Object.fromEntries(filled.split(',').map((field) => field.split('=') as [string, string]));
      const { changed } = readEsl(event, domains);
      const [feature] = featureNames.filter((it) => realms[it] === writes[index]);
      assert.deepEqual(changed, [{ aor: '2001@pbx.example', feature }]);
    }
  });

  test('the account may do all that the adapter does, and no more', () => {
    const code = readdirSync('adapters/freeswitch', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('fusionpbx.ts'))
      .map((path) => readFileSync(join('adapters/freeswitch', path), 'utf8'))
      .join('\n');
    const called = new Set([...code.matchAll(/\.api\(\s*'(\w+)'/g)].map((it) => it[1]!));
    // Commands chosen at run time: features in mod_db, message counts; of lamps that are no phone only those of parking fit in.
    for (const name of ['db', 'vm_boxcount', 'valet_info']) called.add(name);
    // An admin with agents of queues adds it; the comment says what goes for it.
    called.delete('callcenter_config');
    // Asked of a silent FreeSWITCH only, of which a refusal is a sign of life as well.
    called.delete('uptime');
    // Asked by doctor, for whom a refusal is an answer.
    called.delete('version');
    assert.deepEqual(param('esl-allowed-api').split(',').sort(), [...called].sort());
    const [names = '', subclasses = ''] = eventCommand(
      [...pictureEvents, 'PHONE_FEATURE', 'PHONE_FEATURE_SUBSCRIBE'],
      pictureSubclasses,
    )
      .trim()
      .replace('event json ', '')
      .split(' CUSTOM ');
    const [allowed = '', custom = ''] = param('esl-allowed-events').split(',CUSTOM,');
    assert.deepEqual(allowed.split(',').sort(), names.split(' ').sort());
    assert.deepEqual(custom.split(',').sort(), subclasses.split(' ').sort());
  });

  test('the answer to its login fits into the 512 bytes that FreeSWITCH has for it', () => {
    const answer =
      '~Reply-Text: +OK accepted\n' +
      `Allowed-Events: ${param('esl-allowed-events')}\n` +
      `Allowed-API: ${param('esl-allowed-api')}\n` +
      `Allowed-LOG: ${param('esl-allowed-log')}\n\n`;
    assert.ok(answer.length < 512, `${answer.length}`);
  });

  test('each password says that it is to be changed, and the socket is on loopback', () => {
    for (const file of files) {
      for (const [, name = '', value = ''] of read(file).matchAll(/<param name="([\w-]*password)" value="([^"]*)"/g)) {
        assert.match(value, /^CHANGE-ME-\d$/, name);
      }
    }
    assert.match(read('event_socket.conf.xml'), /<param name="listen-ip" value="127\.0\.0\.1"\/>/);
  });
});

test('docs/freeswitch.md explains each complaint about a phone', () => {
  const folder = 'adapters/freeswitch/features';
  const code = readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  const codes = [...code.matchAll(/#complain\('([\w-]+)'|refused\('(unspeakable)'/g)].map((it) => it[1] ?? it[2]!);
  assert.ok(new Set(codes).size > 5);
  const page = readFileSync('docs/freeswitch.md', 'utf8');
  assert.deepEqual(
    codes.filter((it) => !page.includes(`| \`${it}\` |`)),
    [],
  );
});
