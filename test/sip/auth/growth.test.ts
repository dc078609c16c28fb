import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { aorOf } from '../../../src/model/aor.ts';
import { CredentialCache } from '../../../src/sip/auth/credentials.ts';
import { parseAuthorization, Secret } from '../../../src/sip/auth/digest.ts';
import { Nonces } from '../../../src/sip/auth/nonce.ts';
import { NonceCounts } from '../../../src/sip/auth/nonce-counts.ts';
import { ProvenCredentials } from '../../../src/sip/auth/proven-credentials.ts';
import { TrustedNetworks } from '../../../src/sip/auth/trusted-networks.ts';
import { readAccept, readEvent } from '../../../src/sip/headers.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import { toText } from '../../../src/sip/message/wire-text.ts';
import { UserAgents } from '../../../src/sip/user-agents.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/*
 * What strangers write must leave only itself behind: values are cuts of their message, and a cut that is kept keeps the
 * whole message alive. Each message here is about 12 kB, one on the wire up to 64; a cache that is bounded in entries alone would hold gigabytes.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const padding = `X-Pad: ${'x'.repeat(2000)}\r\n`.repeat(6);
const many = 1500;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** A fresh message for each, so that nothing is shared. */
function header(i: number, name: string, value: string): string {
  const head =
    `SUBSCRIBE sip:1001@lamplighter.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${i}\r\n` +
    `From: <sip:1001@lamplighter.test>;tag=a\r\nTo: <sip:1001@lamplighter.test>\r\nCall-ID: c${i}\r\nCSeq: 1 SUBSCRIBE\r\n`;
  const bytes = Buffer.from(`${head}${name}: ${value}\r\n${padding}Content-Length: 0\r\n\r\n`, 'latin1');
  const message = parseMessage(bytes, 'datagram');
  assert.equal(message.kind, 'request');
  return message.kind === 'request' ? (message.headers.get(name) ?? '') : '';
}

function authorization(i: number) {
  const nonce = `${i}`.padStart(32, 'n');
  const value =
    `Digest username="some-long-user-name-${i}", realm="lamplighter.test", nonce="${nonce}", uri="sip:1001@lamplighter.test", ` +
    `response="${'a'.repeat(32)}", algorithm=MD5, qop=auth, nc=00000001, cnonce="x"`;
  const read = parseAuthorization(header(i, 'Authorization', value));
  assert.ok(read);
  return read;
}

/** Bytes that each of many steps left behind. */
async function left(step: (i: number) => unknown): Promise<number> {
  const before = heap();
  for (let i = 0; i < many; i++) await step(i);
  return (heap() - before) / many;
}

test('a nonce count keeps its nonce and user, and not the message they came in', async () => {
  const counts = new NonceCounts(0);
  const bytes = await left((i) => {
    const { nonce, username } = authorization(i);
    counts.take(nonce, toText(username), 1, 1, false);
  });
  assert.equal(counts.size, many);
  assert.ok(bytes < 2000, `${Math.round(bytes)} bytes each`);
});

function cacheOf(toSecret: () => Secret): CredentialCache {
  const lookup = () => Promise.resolve(null);
  const proven = new ProvenCredentials();
  return new CredentialCache({ lookup, toSecret, clock: new FakeClock(), proven, isAway: () => false });
}

test('a remembered user, known or not, keeps his name and what is computed of it, and not the message', async () => {
  const cache = cacheOf(() => new Secret({ password: 'x' }));
  const bytes = await left(async (i) => {
    const { username, realm } = authorization(i);
    const { secret } = await cache.ask(aorOf(toText(username), 'pbx.test'), '192.0.2.9');
    secret.a1('MD5', username, realm);
  });
  assert.ok(bytes < 3000, `${Math.round(bytes)} bytes each`);
});

test('of many users the last ten thousand are remembered, and never more than twenty', async () => {
  const secret = new Secret({ password: 'x' });
  const cache = cacheOf(() => secret);
  const user = (n: number) => aorOf(`${n}`, 'pbx.test');
  for (let n = 0; n < 45_000; n++) await cache.ask(user(n), '192.0.2.9');
  let remembered = 0;
  for (let n = 0; n < 45_000; n++) remembered += cache.remembered(user(n)) === undefined ? 0 : 1;
  assert.ok(remembered <= 20_000, `${remembered}`);
  for (let n = 35_000; n < 45_000; n++) assert.ok(cache.remembered(user(n)) !== undefined, `${n}`);
});

test('remembered Event, Accept and User-Agent values keep no message, and are bounded', async () => {
  const agents = new UserAgents();
  const bytes = await left((i) => {
    readEvent([header(i, 'Event', `dialog;id=${i}`)]);
    readAccept([header(i, 'Accept', `application/x-${i}`)]);
    agents.of(header(i, 'User-Agent', `Model ${i} of a phone that nobody has ever built`));
  });
  assert.ok(bytes < 1000, `${Math.round(bytes)} bytes each`);
});

test('fifty thousand addresses leave a bounded memory of nonce places and trust behind', () => {
  const random = { bytes: (size: number) => Buffer.alloc(size), fraction: () => 0.5 };
  const nonces = new Nonces({ secret: Buffer.alloc(32), clock: new FakeClock(), random });
  const networks = new TrustedNetworks(['10.0.0.0/8']);
  const before = heap();
  for (let i = 0; i < 50_000; i++) {
    const address = `2001:db8:${(i >> 8).toString(16)}::${(i & 255).toString(16)}`;
    nonces.issue(address, 'pbx.test');
    networks.has(address);
  }
  const bytes = heap() - before;
  assert.ok(bytes < 6_000_000, `${bytes} bytes`);
  assert.equal(networks.has('10.1.2.3'), true);
});
