import assert from 'node:assert/strict';
import {
  hopsLeft,
  ourVia,
  relayedRequest,
  relayedResponse,
  stampedVias,
} from '../../src/sip/embedded/relay/rewrite.ts';
import { type ParsedRequest, type ParsedResponse, parseMessage } from '../../src/sip/message/parse.ts';

const source = { address: '192.0.2.77', port: 5060 };
const via = ourVia('udp', { address: '192.0.2.1', port: 5070 }, 'z9hG4bKours');
const recordRoute = '<sip:token@192.0.2.1:5070;lr>';
const edits = new Map([
  ['Record-Route', [recordRoute]],
  ['Contact', []],
]);

/** One message that no two readers can read in two ways: each line a name, a colon, a space and a value; one blank line. */
const plainHead =
  /^[\x21-\x7e]+ [\t\x20-\x7e\x80-\xff]+\r\n(?:[A-Za-z0-9\-.!%*_+`'~]+: [\t\x20-\x7e\x80-\xff]*\r\n)+\r\n$/;

/** What leaves by the proxy is one plain message, which is read as the one that came, but for what a proxy changes. */
export function checkRelayed(parsed: ParsedRequest | ParsedResponse): void {
  if (parsed.kind === 'response') {
    checkOne(relayedResponse(parsed, [via], null), parsed);
    return;
  }
  if (hopsLeft(parsed) < 0) return;
  const vias = stampedVias(parsed, source);
  checkOne(relayedRequest(parsed, vias, { uri: parsed.uri, headers: new Map(), via }), parsed);
  const edited = parseMessage(
    Buffer.from(relayedRequest(parsed, vias, { uri: 'sip:us@192.0.2.1', headers: edits, via }), 'latin1'),
    'stream',
  );
  if (edited.kind === 'refused') tooLarge(edited.reason);
  else {
    assert.deepEqual(edited.headers.lines('Record-Route'), [recordRoute]);
    assert.deepEqual(edited.headers.lines('Contact'), []);
  }
}

function checkOne(wire: string, came: ParsedRequest | ParsedResponse): void {
  const end = wire.indexOf('\r\n\r\n') + 4;
  assert.match(wire.slice(0, end), plainHead);
  for (const from of ['datagram', 'stream'] as const) {
    const left = parseMessage(Buffer.from(wire, 'latin1'), from);
    if (left.kind === 'refused') {
      tooLarge(left.reason);
      continue;
    }
    assert.equal(left.kind, came.kind);
    assert.equal(left.method, came.method);
    if (left.kind === 'request' && came.kind === 'request') assert.equal(left.uri, came.uri);
    if (left.kind === 'response' && came.kind === 'response') assert.equal(left.status, came.status);
    assert.ok(left.body.equals(came.body), 'its body, to the byte');
    assert.equal(Number(left.headers.first('Content-Length')), wire.length - end, 'and nothing behind it');
    assert.deepEqual(others(left), others(came));
  }
}

/** What comes at the very limit may pass it with our Via. */
function tooLarge(reason: string): void {
  assert.match(reason, /^(?:Header Too Long|Too Many Headers|Too Many Via|Too Many Routes|Message Too Large)$/);
}

const rewritten = new Set(['Via', 'Max-Forwards', 'Content-Length']);

function others({ headers }: ParsedRequest | ParsedResponse): unknown {
  return headers.entries().filter(([name]) => !rewritten.has(name));
}
