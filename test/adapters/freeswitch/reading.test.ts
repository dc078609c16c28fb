import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readGroups, readUsers } from '../../../adapters/freeswitch/directory.ts';
import { Domains } from '../../../adapters/freeswitch/domains.ts';
import { isProfile, readRegistrations } from '../../../adapters/freeswitch/registrations.ts';
import { boxCounts, eventIn } from '../../../adapters/freeswitch/snapshot.ts';
import { domains as served } from './rig.ts';

const domains = new Domains(served);
const head = 'userid|context|domain|group|contact|callgroup|effective_caller_id_name|effective_caller_id_number';

function registrations(...rows: readonly Readonly<Record<string, string>>[]): string {
  const text = rows.map((row) =>
    Object.entries(row)
      .map(([name, value]) => `<${name}>${value}</${name}>\n`)
      .join(''),
  );
  const body = text.map((it) => `<registration>\n${it}</registration>\n`).join('');
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<profile>\n<registrations>\n${body}</registrations>\n</profile>\n`;
}

describe('the listings of FreeSWITCH', () => {
  test('users are those of domains of ours, each once, with the name they show', () => {
    const listing = `${head}
2001|default|lab.test|sales|error/user_not_registered||Ana|2001
2001|default|lab.test|support|error/user_not_registered||Ana|2001
2001|default|t2.test|default|sofia/internal/sip:2001@127.0.0.1:5070||Bea|2001
2002|default|lab.test|default|error/user_not_registered||2002|2002
2003|default|lab.test|default|error/user_not_registered||A | bar|2003
2004|default|strange.test|default|error/user_not_registered||X|2004
20 05|default|lab.test|default|error/user_not_registered||X|2005
2006/x|default|lab.test|default|error/user_not_registered||X|2006

+OK
`;
    assert.deepEqual(readUsers(listing, domains), [
      { aor: '2001@lab.test', displayName: 'Ana' },
      { aor: '2001@t2.test', displayName: 'Bea' },
      { aor: '2002@lab.test', displayName: null },
      { aor: '2003@lab.test', displayName: null },
    ]);
  });

  test('groups are those of the directory, each in its domain, and nobody of another one', () => {
    const listing = `${head}
2001|default|lab.test|sales|error/user_not_registered||Ana|2001
2001|default|lab.test|support|error/user_not_registered||Ana|2001
2001|default|t2.test|sales|sofia/internal/sip:2001@127.0.0.1:5070||Bea|2001
2003|default|lab.test|sales|error/user_not_registered||A | bar|2003
2004|default|strange.test|sales|error/user_not_registered||X|2004
2005|default|lab.test||error/user_not_registered||X|2005
2006|default|lab.test|a b<|error/user_not_registered||X|2006

+OK
`;
    assert.deepEqual(readGroups(listing, domains), [
      { name: 'sales', domain: 'lab.test', members: ['2001@lab.test', '2003@lab.test'] },
      { name: 'support', domain: 'lab.test', members: ['2001@lab.test'] },
      { name: 'sales', domain: 't2.test', members: ['2001@t2.test'] },
    ]);
    assert.deepEqual(readGroups('-ERR no reply', domains), []);
  });

  test('a directory that cannot be listed has no users, whatever it says instead', () => {
    for (const text of ['', '-ERR no reply', '-ERR list_users Command not found!', '+OK\n', 'x|y\n1|2']) {
      assert.deepEqual(readUsers(text, domains), [], text);
    }
  });

  test('every device is a contact of its own, in the domain its registration means', () => {
    const xml = registrations(
      { 'call-id': 'a', user: '2001@lab.test', contact: '&quot;&quot; &lt;sip:2001@127.0.0.1:5070&gt;' },
      { 'call-id': 'b', user: '2001@127.0.0.1', contact: '&quot;&quot; &lt;sip:2001@127.0.0.1:5071&gt;' },
      { 'call-id': 'c', user: '2001@strange.test', contact: 'sip:2001@127.0.0.1:5072' },
      { 'call-id': '', user: '2002@lab.test', contact: 'sip:2002@127.0.0.1:5072' },
      {
        'call-id': 'd',
        user: '2003',
        'sip-auth-user': '2003',
        'sip-auth-realm': 't2.test',
        contact: 'sip:x@127.0.0.1',
      },
    );
    const contacts = readRegistrations(xml, 'internal', domains);
    assert.deepEqual(
      contacts.map((it) => it.fact === 'contact' && [it.aor, it.callId, it.contact, it.registered]),
      [
        ['2001@lab.test', 'a', '"" <sip:2001@127.0.0.1:5070>', true],
        ['2001@lab.test', 'b', '"" <sip:2001@127.0.0.1:5071>', true],
        ['2003@t2.test', 'd', 'sip:x@127.0.0.1', true],
      ],
    );
  });

  test('what a phone calls itself is text: it opens no element and ends none', () => {
    const agent = '&lt;/agent&gt;&lt;user&gt;2009@lab.test&lt;/user&gt; &amp;lt; &#252; \xfc &nosuch;';
    const xml = registrations({ 'call-id': 'a', agent, user: '2001@lab.test', contact: '&amp;lt;sip:2001@h&amp;gt;' });
    const [contact] = readRegistrations(xml, 'internal', domains);
    assert.deepEqual(contact?.fact === 'contact' && [contact.aor, contact.contact], [
      '2001@lab.test',
      '&lt;sip:2001@h&gt;',
    ]);
    assert.equal(isProfile(xml), true);
    assert.equal(isProfile('Invalid Profile!\n'), false);
    assert.equal(isProfile(registrations()), true);
  });

  test('the counts of a mailbox are four or one, anything else is none', () => {
    assert.deepEqual(boxCounts('3:1:2:0'), { new: 3, old: 1, newUrgent: 2, oldUrgent: 0 });
    assert.deepEqual(boxCounts('4\n'), { new: 4, old: 0, newUrgent: 0, oldUrgent: 0 });
    for (const text of ['', '-ERR no reply', '1:2', 'NaN', '-1', '9999999999'])
      assert.equal(boxCounts(text), null, text);
  });

  test('a dump is an event; what is no text in it, and what is no JSON, is left out', () => {
    assert.deepEqual(eventIn('{"Unique-ID":"a","variable_list":["x","y"],"n":1}'), { 'Unique-ID': 'a' });
    for (const text of ['-ERR No such channel!', '', 'null', '[1', '"x"']) assert.equal(eventIn(text), null, text);
  });
});
