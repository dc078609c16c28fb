import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listFormat } from '../../../src/event-packages/list/list.ts';

const namespace = 'urn:ietf:params:xml:ns:resource-lists';
const type = 'application/resource-lists+xml';

function document(inside: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\r\n<resource-lists xmlns="${namespace}">${inside}</resource-lists>`;
}

function read(body: string, contentType = type) {
  return listFormat.request(Buffer.from(body), contentType);
}

/** The addresses, or why not. */
function uris(body: string, contentType = type): readonly string[] | string {
  const outcome = read(body, contentType);
  if (!outcome.ok) return `${outcome.refusal.status} ${outcome.refusal.message}`;
  return outcome.value?.resources.map(({ uri }) => uri) ?? 'no list';
}

test('L53-01: the addresses and what the phone calls them, in its order, each once, lists within lists written out', () => {
  const body = document(`<list name="x"><display-name xml:lang="en">Friends</display-name>
    <entry uri="sip:1001@pbx.test"><display-name>Alice</display-name></entry>
    <list><entry uri="sip:1002@pbx.test"/><entry uri="sip:1001@pbx.test"/></list>
    <x:extra xmlns:x="urn:x"/><entry uri="tel:+4930"/></list>`);
  const outcome = read(body);
  assert.deepEqual(outcome, {
    ok: true,
    value: {
      names: [{ text: 'Friends', lang: 'en' }],
      resources: [
        { uri: 'sip:1001@pbx.test', names: [{ text: 'Alice', lang: null }] },
        { uri: 'sip:1002@pbx.test', names: [] },
        { uri: 'tel:+4930', names: [] },
      ],
    },
  });
});

test('RFC 5367: the list may be one part of several; a multipart without one is no list', () => {
  const part = (contentType: string, content: string) => `--b\r\nContent-Type: ${contentType}\r\n\r\n${content}\r\n`;
  const list = part(type, document('<list><entry uri="sip:1001@pbx.test"/></list>'));
  const other = part('application/simple-filter+xml', '<filter-set/>');
  assert.deepEqual(uris(`${other}${list}--b--\r\n`, 'multipart/mixed'), ['sip:1001@pbx.test']);
  assert.equal(uris(`${other}--b--\r\n`, 'multipart/mixed'), 'no list');
  assert.equal(uris(`${list}${list}--b--\r\n`, 'multipart/mixed'), '400 More Than One Resource List');
  assert.equal(uris(list, 'multipart/mixed'), '400 Malformed Multipart Body');
});

test('what is no list is refused with a reason a person can read', () => {
  // as the manual of a Yealink prints it: two declarations in one, a namespace twice
  const printed =
    '<?xml version="1.0" <?xml version="1.0"?>\n<list xmlns="urn:ietf:params:xml:ns:rlmi" xmlns="urn:ietf:params:xml:ns:rlmi" version="0" fullState="true">\n<resource uri="sip:4605@pbx.test"></resource></list>';
  assert.equal(uris(printed), '400 Malformed Resource List');
  assert.equal(uris('<list xmlns="urn:ietf:params:xml:ns:rlmi"/>'), '400 The Body Is No Resource List');
  assert.equal(uris('{}'), '400 Malformed Resource List');
  assert.equal(uris(document('')), '400 The Resource List Is Empty');
  assert.equal(uris(document('<list/>')), '400 The Resource List Is Empty');
  assert.equal(uris(document('<list><entry/></list>')), '400 An Entry Has No Usable URI');
  assert.equal(
    uris(document('<list><external anchor="http://x/"/></list>')),
    '400 References In Lists Are Not Followed',
  );
  assert.equal(uris(document('<list><entry-ref ref="x"/></list>')), '400 References In Lists Are Not Followed');
  assert.equal(uris(`<!DOCTYPE r [<!ENTITY a "b">]>${document('<list/>')}`), '400 Malformed Resource List');
});

test('limits: entries, bytes, depth', () => {
  const entries = (count: number) =>
    Array.from({ length: count }, (_, index) => `<entry uri="sip:${index}@pbx.test"/>`).join('');
  assert.equal(uris(document(`<list>${entries(300)}</list>`)).length, 300);
  assert.equal(uris(document(`<list>${entries(301)}</list>`)), '413 More Than 300 Entries');
  assert.equal(uris(document(`<list>${' '.repeat(60_000)}</list>`)), '413 Resource List Too Long');
  const deep = (levels: number) => `${'<list>'.repeat(levels)}${entries(1)}${'</list>'.repeat(levels)}`;
  assert.deepEqual(uris(document(deep(8))), ['sip:0@pbx.test']);
  assert.equal(uris(document(deep(9))), '400 Lists Within Lists Too Deep');
  assert.equal(uris(document(deep(40))), '400 Malformed Resource List');
});

test('a list of thousands of elements is not read, in however few bytes', () => {
  assert.equal(uris(document(`<list>${'<b/>'.repeat(3_000)}</list>`)), '413 Malformed Resource List');
});
