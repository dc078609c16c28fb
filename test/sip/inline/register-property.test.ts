import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameUri, tokenOf } from '../../../src/sip/inline/contact-uri.ts';
import { parseNameAddr, splitList } from '../../../src/sip/message/name-addr.ts';
import { parseUri } from '../../../src/sip/message/uri.ts';
import { answer, contactsOf, here, learning, register } from './register-fixture.ts';

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const quoted = fc.stringMatching(/^(?:[ !#-[\]-~]|\\["\\]){0,12}$/).map((text) => `"${text}"`);
const display = fc.oneof(
  fc.constant(''),
  quoted.map((text) => `${text} `),
  word.map((text) => `${text} `),
);
const host = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  word.map((name) => `a${name}.example`),
);
const user = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^[A-Za-z0-9\-_.!~*'()&=+$,;?/]{1,12}@$/),
  word.map((name) => `%41${name}@`),
);
const param = fc.tuple(
  word.filter((name) => !['lamp', 'transport', 'expires'].includes(name)),
  fc.option(word),
);
const params = fc
  .uniqueArray(param, { selector: ([name]) => name, maxLength: 4 })
  .map((list) => list.map(([name, value]) => (value === null ? `;${name}` : `;${name}=${value}`)).join(''));
const headerParams = fc
  .tuple(params, fc.option(quoted), fc.option(fc.nat(99_999)))
  .map(([plain, instance, expires]) => {
    const named = instance === null ? '' : `;+sip.instance=${instance}`;
    return `${plain}${named}${expires === null ? '' : `;expires=${expires}`}`;
  });
const contact = fc
  .tuple(display, fc.constantFrom('sip', 'sips'), user, host, fc.option(fc.integer({ min: 1, max: 65_535 })), params)
  .chain(([name, scheme, who, at, port, own]) => {
    const uri = `${scheme}:${who}${at}${port === null ? '' : `:${port}`}${own}`;
    return headerParams.map((tail) => ({ name, uri, tail, value: `${name}<${uri}>${tail}` }));
  });

test('whatever Contacts a phone writes, the PBX can read what it gets, and the phone gets back what it wrote', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(contact, { minLength: 1, maxLength: 4 }), fc.boolean(), (contacts, oneLine) => {
      const { learner, phones } = learning();
      const values = contacts.map(({ value }) => value);
      const request = register(oneLine ? values.join(', ') : values);
      const refusal = learner.refuse(request);
      if (refusal !== null) {
        assert.equal(refusal.status, 400);
        return;
      }
      accepted += 1;
      const sent = contactsOf(learner.outgoing(request, here));
      const known = new Set(contacts.map(({ uri }) => uri));
      for (const value of sent) {
        assert.equal(splitList(value)?.length, 1, value);
        const named = parseNameAddr(value);
        const uri = parseUri(named?.uri ?? '');
        assert.equal(uri?.scheme, 'sip', value);
        assert.equal(`${uri?.host}:${uri?.port}`, here, value);
        assert.match(tokenOf(named?.uri ?? '') ?? '', /^[\w-]{16}$/, value);
        const isKept = contacts.some(
          ({ name, tail }) => value.startsWith(`${name}<sip:`) && value.endsWith(`>${tail}`),
        );
        assert.ok(isKept, `name and parameters of ${value} are as they were`);
      }
      assert.equal(new Set(sent.map((value) => tokenOf(parseNameAddr(value)?.uri ?? ''))).size, sent.length);
      const lines = sent.map((value) => `Contact: ${value}`);
      const back = contactsOf(learner.incoming(request, answer(200, ...lines, 'Expires: 60')));
      assert.equal(back.length, sent.length);
      for (const value of back) assert.ok(known.has(parseNameAddr(value)?.uri ?? ''), value);
      for (const { contact: one } of phones.list())
        assert.ok(
          [...known].some((uri) => isSameUri(uri, one)),
          one,
        );
    }),
    { numRuns: 400 },
  );
  assert.ok(accepted > 200, `${accepted} of 400`);
});
