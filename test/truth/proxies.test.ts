import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { eventPackages } from '../../src/event-packages/index.ts';
import { contactUser } from '../../src/sip/own-contact.ts';

const served = eventPackages.map(({ event }) => event);

for (const kind of ['kamailio', 'opensips']) {
  const snippet = readFileSync(`config/${kind}/lamplighter.cfg`, 'utf8');
  const page = readFileSync(`docs/deploy/${kind}.md`, 'utf8');

  describe(`config/${kind}/lamplighter.cfg`, () => {
    test('brings the packages that are served, and no others', () => {
      const [, events = ''] = /(?:EVENTS |events\) = )"(.*)"/.exec(snippet) ?? [];
      const takes = new RegExp(events);
      assert.deepEqual(
        [...served, 'conference', 'dialogs', 'xdialog', 'dialogxwinfo', ''].filter((event) => takes.test(event)),
        served,
      );
      const [, list = ''] = /^\^\((.*)\)\$$/.exec(events) ?? [];
      assert.equal(list.split('|').length, served.length);
    });

    test('knows the user that stands in our Contact', () => {
      assert.ok(snippet.includes(`$rU != "${contactUser}"`));
    });

    test('takes every identity out that a phone may bring before it writes its own, and asks for the password before that', () => {
      const at = (text: string) => {
        const index = snippet.indexOf(text);
        assert.ok(index > 0, text);
        return index;
      };
      const [auth, relay] = [/route\(lamplighter_auth\)/i.exec(snippet)?.index ?? 0, at('t_relay()')];
      const own = at('append_hf(');
      for (const header of ['P-Asserted-Identity', 'P-Preferred-Identity', 'Remote-Party-ID']) {
        const out = at(`remove_hf("${header}")`);
        assert.ok(auth < out && out < own && own < relay, header);
      }
    });

    test('is called and included as its page says', () => {
      const [call] = /^# {5}route\(\w+\);$/m.exec(snippet) ?? [];
      assert.ok(call !== undefined && page.includes(call.slice(6)), call);
      assert.match(page, /^include_file ".*lamplighter\.cfg"$/m);
      for (const [, name = ''] of snippet.matchAll(/^#!ifndef (\w+)$/gm)) assert.ok(page.includes(`\`${name}\``), name);
    });
  });
}
