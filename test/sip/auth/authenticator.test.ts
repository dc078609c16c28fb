import assert from 'node:assert/strict';
import crypto, { createHash } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import type { Authenticator } from '../../../src/sip/auth/authenticator.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { requestOf, valuesOf } from '../front/fake-engine.ts';
import { answerTo } from './digest-phone.ts';
import { authenticated, eventsOf, refusal, right, setup, subscribe, uri } from './login.ts';

test('E65-09: the challenge is a 401 with SHA-256 first and MD5 second', async () => {
  const answer = refusal(await setup().authenticator.check(subscribe()));
  assert.equal(answer.status, 401);
  const challenges = valuesOf(answer, 'WWW-Authenticate');
  assert.equal(challenges.length, 2);
  assert.match(challenges[0]!, /^Digest realm="asterisk", nonce="[\w-]{32}", algorithm=SHA-256, qop="auth"$/);
  assert.match(challenges[1]!, /^Digest realm="asterisk", nonce="[\w-]{32}", algorithm=MD5, qop="auth"$/);
});

test('where a password is kept as MD5, nobody is offered SHA-256 and nobody may use it', async () => {
  const { authenticator, login } = setup({ facts: () => ({ realm: 'asterisk', md5Only: true }) });
  const challenges = valuesOf(refusal(await authenticator.check(subscribe())), 'WWW-Authenticate');
  assert.equal(challenges.length, 1);
  assert.match(challenges[0]!, /algorithm=MD5/);
  assert.equal(refusal(await login({ ...right, algorithm: 'SHA-256' })).status, 401);
  assert.ok((await login(right)).ok);
});

test('a right answer is believed: SHA-256, MD5, and MD5 from a kept hash', async () => {
  const { login } = setup();
  for (const phone of [right, { ...right, algorithm: 'SHA-256' } as const, { user: '1002', password: 'secret1002' }]) {
    assert.deepEqual(await login(phone), authenticated(phone.user, 'digest'));
  }
});

test('user@domain is the user of our domain and nobody of another one', async () => {
  const { login } = setup();
  assert.deepEqual(await login({ ...right, user: '1001@Lamplighter.Test' }), authenticated('1001', 'digest'));
  assert.equal(refusal(await login({ ...right, user: '1001@other.test' })).status, 401);
});

test('security 2: known and unknown users get the same challenge after the same questions', async () => {
  const { login, asked } = setup();
  const shape = async (user: string): Promise<string> => {
    asked.length = 0;
    const answer = JSON.stringify(refusal(await login({ user, password: 'guess' })));
    return `${answer.replaceAll(/nonce=\\"[\w-]{32}\\"/g, 'nonce')} ${asked.length}`;
  };
  const known = await shape('1001');
  assert.equal(await shape('9999'), known);
  assert.equal(await shape('1002'), known, 'kept as MD5');
  assert.equal(await shape('__proto__'), known);
  assert.ok(!known.includes('stale'));
});

test('security 3.1: a used nc gets a fresh challenge with stale=true; a higher one, and one that came late, is accepted', async () => {
  const { authenticator, challenge, logger } = setup();
  const given = await challenge();
  const send = (nc: number) => authenticator.check(subscribe([answerTo(given, { ...right, nc })]));
  assert.ok((await send(3)).ok, 'COMPAT(Panasonic): starts at 3');
  for (let replay = 0; replay < 2; replay += 1) {
    const answer = refusal(await send(3));
    assert.equal(answer.status, 401);
    for (const value of valuesOf(answer, 'WWW-Authenticate')) assert.match(value, /, stale=true$/);
  }
  assert.ok((await send(17)).ok);
  assert.ok((await send(16)).ok, 'swapped on its way');
  assert.deepEqual(eventsOf(logger), ['nonce-replay', 'nonce-replay'], 'and no wrong password');
});

test('a wrong response does not use up a count', async () => {
  const { authenticator, challenge } = setup();
  const given = await challenge();
  refusal(await authenticator.check(subscribe([answerTo(given, { ...right, password: 'x', nc: 0xffffffff })])));
  assert.ok((await authenticator.check(subscribe([answerTo(given, right)]))).ok);
});

test('an answer without qop is believed once for each nonce', async () => {
  const { authenticator, challenge } = setup();
  const header = answerTo(await challenge(), { ...right, qop: false });
  assert.ok((await authenticator.check(subscribe([header]))).ok);
  assert.match(valuesOf(refusal(await authenticator.check(subscribe([header]))), 'WWW-Authenticate')[0]!, /stale=true/);
});

test('a nonce from the PBX is stale and asks nobody', async () => {
  const { authenticator, asked, logger } = setup();
  const foreign = answerTo('realm="asterisk" nonce="1700000000/5ca1ab1e"', right);
  const answer = refusal(await authenticator.check(subscribe([foreign])));
  assert.match(valuesOf(answer, 'WWW-Authenticate')[0]!, /stale=true$/);
  assert.deepEqual(asked, []);
  assert.equal(logger.lines.length, 0);
});

test('RFC 7616 3.3: stale=true where only the nonce is old; a wrong password with an old nonce is a wrong password', async () => {
  const { authenticator, challenge, clock, logger } = setup();
  const given = await challenge();
  clock.advance(2 * 3600_000);
  const old = refusal(await authenticator.check(subscribe([answerTo(given, right)])));
  for (const value of valuesOf(old, 'WWW-Authenticate')) assert.match(value, /stale=true$/);
  assert.deepEqual(eventsOf(logger), []);
  const wrong = refusal(await authenticator.check(subscribe([answerTo(given, { ...right, password: 'x' })])));
  for (const value of valuesOf(wrong, 'WWW-Authenticate')) assert.doesNotMatch(value, /stale/);
  assert.deepEqual(eventsOf(logger), ['auth-failed']);
});

test('a nonce is good at the address it was sent to: elsewhere it is stale, whatever the password', async () => {
  const { authenticator, challenge } = setup();
  const header = answerTo(await challenge(), right);
  const elsewhere = refusal(await authenticator.check(subscribe([header], '198.51.100.9')));
  assert.match(valuesOf(elsewhere, 'WWW-Authenticate')[0]!, /stale=true$/);
  assert.ok((await authenticator.check(subscribe([header]))).ok, 'and nothing of it is used up');
});

test('COMPAT(Linphone): within its dialog a phone that moved to another address keeps its nonce', async () => {
  const { authenticator, challenge } = setup();
  const given = await challenge();
  const inDialog = (nc: number) =>
    authenticator.check(subscribe([answerTo(given, { ...right, nc })], '198.51.100.9', uri, ';tag=ours'));
  assert.ok((await inDialog(2)).ok);
  assert.equal(refusal(await inDialog(2)).status, 401, 'each count once there, too');
});

test('who forges a sender can make no line that would ban it: proven is true only with a nonce that was sent there', async () => {
  const { authenticator, challenge, logger, asked } = setup();
  const wrong = answerTo(await challenge(), { ...right, password: 'x' });
  await authenticator.check(subscribe([wrong]));
  await authenticator.check(subscribe([wrong], '198.51.100.9'));
  await authenticator.check(subscribe([wrong], '198.51.100.9', uri, ';tag=ours'));
  const said = logger.lines.map(({ fields }) => fields as { source: string; proven: boolean });
  assert.deepEqual(
    said.map(({ source, proven }) => [source, proven]),
    [
      ['192.0.2.77', true],
      ['198.51.100.9', false],
    ],
  );
  const before = asked.length;
  for (let n = 0; n < 50; n++)
    await authenticator.check(subscribe([wrong.replace('1001', `x${n}`)], `198.51.100.${n}`));
  assert.equal(asked.length, before, 'nor make work at the PBX under many of them');
});

test('security 2, AST-2018-008: known and unknown users cost the same hashes, with a password and with an MD5 of it', async (t) => {
  const spy = t.mock.method(crypto, 'hash');
  syncBuiltinESMExports();
  t.after(() => {
    spy.mock.restore();
    syncBuiltinESMExports();
  });
  const hashes = async (md5Only: boolean, user: string): Promise<number[]> => {
    const { authenticator, challenge } = setup({ facts: () => ({ realm: 'asterisk', md5Only }) });
    const given = await challenge();
    const all: number[] = [];
    for (const nc of [1, 2, 3]) {
      const header = answerTo(given, { user, password: 'guess', nc });
      const before = spy.mock.callCount();
      refusal(await authenticator.check(subscribe([header])));
      all.push(spy.mock.callCount() - before);
    }
    return all;
  };
  const known = await hashes(false, '1001');
  assert.deepEqual(await hashes(false, '9999'), known);
  assert.deepEqual(known, [7, 6, 6], 'two for the nonce that came, two for the next one, and those of the digest');
  const kept = await hashes(true, '1002');
  assert.deepEqual(await hashes(true, '9999'), kept);
  assert.deepEqual(kept, [6, 6, 6]);
});

test('security 3.1: Basic, garbage and another realm get a fresh challenge', async () => {
  const { authenticator, challenge } = setup();
  const good = answerTo(await challenge(), right);
  for (const header of ['Basic MTAwMTpzZWNyZXQ=', 'Digest', 'Digest ,,,', '"', good.replace('"asterisk"', '"other"')]) {
    const answer = refusal(await authenticator.check(subscribe([header])));
    assert.equal(answer.status, 401, header);
    assert.ok(!JSON.stringify(answer).includes('stale'), header);
  }
});

test('security 3.1: of two Authorization headers the one for our realm counts', async () => {
  const { authenticator, challenge } = setup();
  const good = answerTo(await challenge(), right);
  const other = good.replace('"asterisk"', '"pbx.other"');
  assert.ok((await authenticator.check(subscribe([other, 'Digest garbage', good]))).ok);
});

test('security 3.1: a digest for another URI is a 400 and asks nobody', async () => {
  const { authenticator, challenge, asked } = setup();
  const given = await challenge();
  for (const other of [
    'sip:1002@lamplighter.test',
    'sips:1001@lamplighter.test',
    'sip:1001@x.test',
    'sip:x.test',
    'x',
  ]) {
    const answer = refusal(await authenticator.check(subscribe([answerTo(given, { ...right, uri: other })])));
    assert.equal(answer.status, 400, other);
  }
  assert.deepEqual(asked, []);
});

test('COMPAT: a digest URI may differ in host case, escapes, default port and parameters', async () => {
  const { authenticator, challenge } = setup();
  const given = await challenge();
  const variants = ['sip:1001@LAMPLIGHTER.test', 'sip:%31001@lamplighter.test', `${uri}:5060`, `${uri};transport=udp`];
  for (const [index, variant] of variants.entries()) {
    const header = answerTo(given, { ...right, uri: variant, nc: index + 1 });
    assert.ok((await authenticator.check(subscribe([header]))).ok, variant);
  }
});

test('a PBX that cannot be asked, or does not answer, is 503 with Retry-After', async () => {
  const unreached = setup({ facts: () => null });
  const failing = setup({ lookup: () => Promise.reject(new Error('link is down')) });
  const silent = setup({ lookup: () => new Promise<never>(() => undefined) });
  const pending = silent.login(right);
  await silent.clock.run(6_000, 1_000);
  for (const result of [await unreached.authenticator.check(subscribe()), await failing.login(right), await pending]) {
    const answer = refusal(result);
    assert.equal(answer.status, 503);
    const seconds = Number(valuesOf(answer, 'Retry-After')[0]);
    assert.ok(seconds >= 5 && seconds < 15, String(seconds));
  }
  assert.equal(failing.logger.lines.length, 1);
});

test('a row of questions to the PBX is that of an address: a stranger keeps nobody else waiting', async () => {
  const asked: string[] = [];
  const { authenticator, clock } = setup({
    lookup: (user) => {
      asked.push(user);
      return new Promise<never>(() => undefined);
    },
  });
  const ask = async (user: string, address: string) => {
    const given = valuesOf(refusal(await authenticator.check(subscribe([], address))), 'WWW-Authenticate').at(-1) ?? '';
    return authenticator.check(subscribe([answerTo(given, { ...right, user })], address));
  };
  for (let n = 0; n < 50; n++) void ask(`x${n}`, '198.51.100.9');
  void ask('1001', '192.0.2.77');
  await settle();
  assert.deepEqual(asked, ['x0', 'x1', 'x2', 'x3', '1001']);
  await clock.run(6_000, 1_000);
});

test('credentials are kept for 30 s and asked for once by phones that come together', async () => {
  const { login, asked, clock } = setup();
  await Promise.all([login(right), login(right), login(right)]);
  assert.deepEqual(asked, ['1001']);
  clock.advance(29_999);
  assert.ok((await login(right)).ok);
  assert.deepEqual(asked, ['1001']);
  clock.advance(1);
  assert.ok((await login(right)).ok);
  assert.deepEqual(asked, ['1001', '1001']);
});

test('a password changed at the PBX counts at once, although the old one is remembered', async () => {
  const { login, users, clock } = setup();
  assert.ok((await login(right)).ok);
  users.set('1001', { realm: 'asterisk', password: 'changed' });
  clock.advance(1_000);
  assert.ok((await login({ ...right, password: 'changed' })).ok);
  assert.equal(refusal(await login(right)).status, 401, 'the old one is gone');
});

test('guessing at one user asks the PBX once a second at most', async () => {
  const { login, asked, clock } = setup();
  for (let guess = 0; guess < 20; guess += 1) {
    await login({ user: '9999', password: `guess${guess}` });
    clock.advance(100);
  }
  assert.ok(asked.length <= 2, String(asked.length));
});

test('security 3.8: a wrong password is a clean line with source and user, and without secrets', async () => {
  const { login, logger } = setup();
  await login({ user: 'evil\u00e4\u2028user', password: 'topsecret' });
  await login({ user: '1001', password: 'topsecret' });
  const fields = logger.lines.map((line) => line.fields as Record<string, unknown>);
  const common = { source: '192.0.2.77', proven: true, count: 1 };
  assert.deepEqual(fields, [
    { event: 'unknown-user', ...common, user: 'evil?????user' },
    { event: 'auth-failed', ...common, user: '1001' },
  ]);
  const said = JSON.stringify(logger.lines);
  assert.ok(!said.includes('topsecret') && !said.includes('response') && !said.includes('nonce'));
  assert.ok(logger.lines.every(({ level, room }) => level === 'warn' && room === 'security'));
});

test('trusted: From is believed from the trusted networks, IPv4 and IPv6, and nobody else is let in', async () => {
  const { authenticator, asked, logger } = setup({
    mode: 'trusted',
    trusted: ['10.1.0.0/16', '2001:db8::/32', '192.0.2.9'],
  });
  for (const address of ['10.1.255.255', '::ffff:10.1.2.3', '2001:db8:1::1', '192.0.2.9']) {
    assert.deepEqual(await authenticator.check(subscribe([], address)), authenticated('1001', 'trusted'), address);
  }
  for (const address of ['10.2.0.0', '2001:db9::1', '192.0.2.8', 'nonsense']) {
    assert.equal(refusal(await authenticator.check(subscribe([], address))).status, 403, address);
  }
  await settle();
  assert.deepEqual(asked, []);
  assert.equal(logger.lines.length, 4);
});

test('a trusted source must authenticate like all others unless the mode is trusted', async () => {
  const { authenticator } = setup({ mode: 'users', trusted: ['192.0.2.0/24'] });
  assert.equal(refusal(await authenticator.check(subscribe())).status, 401);
});

test('a trusted entry that is no network is a configuration fault', () => {
  for (const entry of ['10.0.0.0/33', '10.0.0', 'host.test', '10.0.0.0/8/8', '::/129', '10.0.0.0/-1', '']) {
    assert.throws(() => setup({ trusted: [entry] }), { code: 'config-invalid' }, entry);
  }
});

test('a digest used before a restart is not good for a new dialog after it', async () => {
  const before = setup();
  const phone = { user: '1001', password: 'secret1001' };
  const header = answerTo(await before.challenge(), { ...phone, nc: 1 });
  assert.equal((await before.authenticator.check(subscribe([header]))).ok, true);
  const clock = new FakeClock(before.clock.now() + 1);
  const after = setup({ clock });
  assert.match(
    valuesOf(refusal(await after.authenticator.check(subscribe([header]))), 'WWW-Authenticate').join(),
    /stale=true/,
  );
});

test('a phone whose digest user name is not its extension is its extension', async () => {
  const { authenticator, challenge } = setup({
    lookup: async (user) => (user === 'alice' ? { realm: 'asterisk', password: 'wonder', extension: '1001' } : null),
  });
  const header = answerTo(await challenge(), { user: 'alice', password: 'wonder' });
  const result = await authenticator.check(subscribe([header]));
  assert.deepEqual(result, authenticated('1001', 'digest'));
});

test('two PBXs, two realms: each phone is asked in that of its own PBX, also where only an MD5 for it is kept', async () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const { authenticator } = setup({
    facts: (user) => (user === '2001' ? { realm: 'south', md5Only: true } : { realm: 'north', md5Only: false }),
    lookup: async (user) => {
      if (user === '1001') return { realm: 'north', password: 'secret1001' };
      return user === '2001' ? { realm: 'south', ha1: md5('2001:south:secret2001') } : null;
    },
  });
  for (const [user, realm, algorithms] of [
    ['1001', 'north', 2],
    ['2001', 'south', 1],
    ['5000', 'north', 2],
  ] as const) {
    const own = `sip:${user}@lamplighter.test`;
    const send = (header: readonly string[]) => authenticator.check(subscribe(header, '192.0.2.77', own, '', own));
    const challenges = valuesOf(refusal(await send([])), 'WWW-Authenticate');
    assert.equal(challenges.length, algorithms);
    for (const challenge of challenges) assert.match(challenge, new RegExp(`realm="${realm}"`));
    const result = await send([answerTo(challenges.at(-1)!, { user, password: `secret${user}`, uri: own })]);
    assert.equal(result.ok, user !== '5000', user);
  }
});

test('a user whose name is not Latin-1 is that user, and not another one whose letters are the low bytes of his', async () => {
  const { login, users, asked } = setup();
  users.set('Łukasz', { realm: 'asterisk', password: 'secret' });
  assert.deepEqual(await login({ user: 'Łukasz', password: 'secret' }), authenticated('Łukasz', 'digest'));
  refusal(await login({ user: '\u0131\u0130\u0130\u0131', password: 'secret1001' }));
  assert.deepEqual([...new Set(asked)], ['Łukasz', '\u0131\u0130\u0130\u0131']);
});

test('a nonce that is too old proves no address: it may have another owner by now', async () => {
  const { authenticator, challenge, clock, logger } = setup();
  const wrong = answerTo(await challenge(), { ...right, password: 'x' });
  clock.advance(2 * 3600_000);
  await authenticator.check(subscribe([wrong]));
  assert.deepEqual(
    logger.lines.map(({ fields }) => (fields as { proven: boolean }).proven),
    [false],
  );
});

test('a setting within a dialog needs a nonce of its own address: nobody else is to be blamed for what it asks', async () => {
  const { authenticator, challenge } = setup();
  const given = await challenge();
  const set = (nc: number, address: string) => {
    const { flow } = subscribe();
    const text =
      `SUBSCRIBE ${uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${uri}>;tag=f\nTo: <${uri}>;tag=ours\n` +
      `Call-ID: c\nCSeq: 2 SUBSCRIBE\nAuthorization: ${answerTo(given, { ...right, nc })}\nContact: <sip:1001@192.0.2.77>\n` +
      'Content-Type: application/x-as-feature-event+xml\nContent-Length: 4\n\n<a/>';
    return authenticator.check(requestOf(text, { ...flow, remote: { address, port: 5060 } }));
  };
  const elsewhere = refusal(await set(2, '198.51.100.9'));
  assert.match(valuesOf(elsewhere, 'WWW-Authenticate')[0] ?? '', /stale=true$/);
  assert.ok((await set(2, '192.0.2.77')).ok, 'and nothing is used up');
});

test('after a restart a dialog alone makes no nonce good: neither for a setting, nor at another address', async () => {
  const before = setup();
  const given = await before.challenge();
  const ask = (authenticator: Authenticator, nc: number, address: string, body: string) => {
    const { flow } = subscribe();
    const type = body === '' ? '' : 'Content-Type: application/x-as-feature-event+xml\n';
    const text =
      `SUBSCRIBE ${uri} SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK1\nFrom: <${uri}>;tag=f\nTo: <${uri}>;tag=ours\n` +
      `Call-ID: c\nCSeq: 2 SUBSCRIBE\nAuthorization: ${answerTo(given, { ...right, nc })}\nContact: <sip:1001@192.0.2.77>\n` +
      `${type}Content-Length: ${body.length}\n\n${body}`;
    return authenticator.check(requestOf(text, { ...flow, remote: { address, port: 5060 } }));
  };
  const [home, elsewhere] = ['192.0.2.77', '198.51.100.9'];
  const captured = [
    [2, home, '<a/>'],
    [3, elsewhere, ''],
  ] as const;
  for (const [nc, address, body] of captured) assert.ok((await ask(before.authenticator, nc, address, body)).ok);
  const { authenticator } = setup({ clock: new FakeClock(before.clock.now() + 1) });
  for (const [nc, address, body] of captured) {
    const answer = refusal(await ask(authenticator, nc, address, body));
    assert.match(valuesOf(answer, 'WWW-Authenticate')[0] ?? '', /stale=true$/);
  }
  // COMPAT(Linphone): a plain refresh must not be challenged.
  assert.ok((await ask(authenticator, 4, home, '')).ok);
});
