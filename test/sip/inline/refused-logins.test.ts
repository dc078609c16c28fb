import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Flow, RelayedResponse, SipRequest } from '../../../src/sip/engine.ts';
import { RefusedLogins } from '../../../src/sip/inline/refused-logins.ts';

type Headers = Readonly<Record<string, readonly string[]>>;

function flowFrom(address: string, transport: Flow['transport'] = 'udp'): Flow {
  const local = { address: '192.0.2.10', port: 5070 };
  return { transport, local, remote: { address, port: 5060 }, connection: transport === 'udp' ? '' : '1' };
}

function requestFrom(flow: Flow, method: string, all: Headers): SipRequest {
  const headers = (name: string) => all[name] ?? [];
  return { method, uri: 'sip:pbx', header: (name) => headers(name)[0], headers, body: Buffer.alloc(0), flow };
}

function answer(status: number, all: Headers = {}): RelayedResponse {
  const headers = (name: string) => all[name] ?? [];
  return { status, header: (name) => headers(name)[0], headers, flow: flowFrom('127.0.0.1') };
}

const challenge = (nonce: string, more = '') => ({ 'WWW-Authenticate': [`Digest realm="a", nonce="${nonce}"${more}`] });
const login = (nonce: string) => ({
  Authorization: [`Digest username="1001", realm="a", nonce="${nonce}", response="0"`],
});

/** The reports about a conversation: `event user address proven`. */
function reported(play: (logins: RefusedLogins) => void): string[] {
  const lines: string[] = [];
  const logins = new RefusedLogins({
    report: (event, { address, proven }, { user = '' } = {}) => lines.push(`${event} ${user} ${address} ${proven}`),
  });
  play(logins);
  return lines;
}

const phone = flowFrom('192.0.2.21');

/** A phone is asked for its password, and gives it. */
function asked(logins: RefusedLogins, flow: Flow, nonce: string): void {
  logins.heard(requestFrom(flow, 'REGISTER', {}), answer(401, challenge(nonce)));
}

describe('passwords that the PBX behind us refuses', () => {
  test('are reported with the address that had the nonce, each time', () => {
    const lines = reported((logins) => {
      asked(logins, phone, 'n1');
      logins.heard(requestFrom(phone, 'REGISTER', login('n1')), answer(401, challenge('n2')));
      logins.heard(requestFrom(phone, 'REGISTER', login('n2')), answer(401, challenge('n3')));
    });
    assert.deepEqual(lines, ['auth-failed 1001 192.0.2.21 true', 'auth-failed 1001 192.0.2.21 true']);
  });

  test('of calls are, too, with the words of a proxy', () => {
    const lines = reported((logins) => {
      const first = { 'Proxy-Authenticate': ['digest nonce="n1", realm="a"'] };
      logins.heard(requestFrom(phone, 'INVITE', {}), answer(407, first));
      const second = { 'Proxy-Authorization': ['Digest username="1001", nonce="n1"'] };
      logins.heard(requestFrom(phone, 'INVITE', second), answer(407, first));
    });
    assert.deepEqual(lines, ['auth-failed 1001 192.0.2.21 true']);
  });

  test('prove nothing about a datagram whose sender was never sent the nonce', () => {
    const lines = reported((logins) => {
      asked(logins, phone, 'n1');
      logins.heard(requestFrom(flowFrom('198.51.100.9'), 'REGISTER', login('n1')), answer(401, challenge('n2')));
      logins.heard(requestFrom(flowFrom('198.51.100.9', 'tcp'), 'REGISTER', login('n1')), answer(401, challenge('n3')));
    });
    assert.deepEqual(lines, ['auth-failed 1001 198.51.100.9 false', 'auth-failed 1001 198.51.100.9 true']);
  });

  test('are a 403 to a REGISTER at some PBXs, which may mean other things', () => {
    const lines = reported((logins) => {
      asked(logins, phone, 'n1');
      logins.heard(requestFrom(phone, 'REGISTER', login('n1')), answer(403));
      logins.heard(requestFrom(phone, 'INVITE', login('n1')), answer(403));
    });
    assert.deepEqual(lines, ['not-allowed 1001 192.0.2.21 true']);
  });
});

describe('nothing is reported', () => {
  test('of a first request, of a login that was granted, and of what is no login', () => {
    const lines = reported((logins) => {
      asked(logins, phone, 'n1');
      logins.heard(requestFrom(phone, 'REGISTER', login('n1')), answer(200));
      logins.heard(requestFrom(phone, 'REGISTER', {}), answer(403));
      logins.heard(requestFrom(phone, 'INVITE', login('n1')), answer(486));
    });
    assert.deepEqual(lines, []);
  });

  test('of a nonce that has become old', () => {
    const lines = reported((logins) => {
      logins.heard(requestFrom(phone, 'REGISTER', login('before-our-start')), answer(401, challenge('n1')));
      logins.heard(requestFrom(phone, 'REGISTER', login('n1')), answer(401, challenge('n2', ', stale=TRUE')));
    });
    assert.deepEqual(lines, []);
  });

  test('of headers that nobody can read', () => {
    const lines = reported((logins) => {
      asked(logins, phone, 'n1');
      const values = ['Digest', 'Digest ', 'Basic eDp5', 'Digest nonce="n1', 'Digest nonce="n1", nonce="n1"', ''];
      for (const value of values) {
        logins.heard(requestFrom(phone, 'REGISTER', { Authorization: [value] }), answer(401, challenge('n1')));
        logins.heard(requestFrom(phone, 'REGISTER', login('n9')), answer(401, { 'WWW-Authenticate': [value] }));
      }
    });
    assert.deepEqual(lines, []);
  });
});

test('who makes the PBX ask again and again makes us forget, not grow', () => {
  const lines = reported((logins) => {
    asked(logins, phone, 'n1');
    for (let at = 0; at < 30_000; at++) asked(logins, flowFrom('198.51.100.9'), `x${at}`);
    logins.heard(requestFrom(phone, 'REGISTER', login('n1')), answer(401, challenge('n2')));
    asked(logins, phone, 'n'.repeat(257));
    logins.heard(requestFrom(phone, 'REGISTER', login('n'.repeat(257))), answer(401, challenge('n3')));
  });
  assert.deepEqual(lines, []);
});
