import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Home } from '../support/daemon.ts';
import type { Notify } from '../support/phone.ts';
import { type Ask, allowEvents, domain, type Hand } from './hand.ts';
import { Stage } from './stage.ts';

/* ua-profile (RFC 6080) at the wire: documents from files and by the API, who gets them, and what a restart leaves. */

const home = new Home();
const folder = home.path('profiles');
let stage: Stage;
before(async () => {
  mkdirSync(folder);
  file('models/yealink/sip-t54w.cfg', 'model=1');
  const settings = `{ directory: ${folder}, pollSeconds: 1, url: 'https://prov.example.test/{mac}.cfg', effectiveBy: 600 }`;
  stage = await Stage.open(`profiles: ${settings}`);
});
afterEach(() => stage.tidy());
after(async () => {
  await stage.close();
  home.remove();
});

/** Writes as editors do: whole, under another name first. */
function file(path: string, content: string): void {
  const place = join(folder, path);
  mkdirSync(dirname(place), { recursive: true });
  writeFileSync(`${place}~`, content);
  renameSync(`${place}~`, place);
}

let last = 0;
/** A MAC address that no other test uses. */
const mac = () => `001565${(++last).toString(16).padStart(6, '0')}`;

const yealink = ';profile-type="device";vendor="yealink";model="SIP-T54W";version="96.85.0.5"';
const text = { Accept: 'text/plain, application/xml' };

/** A phone asks for the profile of a device, as PnP phones write it. */
function device(user: string, name: string, more: Partial<Ask> = {}): Ask {
  const event = `ua-profile${yealink}`;
  return { user, event, uri: `sip:MAC%3A${name}@${domain}`, expires: 3600, lines: text, ...more };
}

async function asked(hand: Hand, ask: Ask): Promise<Notify> {
  const answer = await hand.ask(ask);
  assert.equal(answer.status, 200, answer.text);
  return hand.next(answer.talk);
}

async function put(path: string, content: string, headers: Record<string, string> = {}): Promise<Response> {
  const url = `${stage.daemon.http}/api/v1/profiles/${path}`;
  return fetch(url, { method: 'PUT', body: content, headers: { 'content-type': 'text/plain', ...headers } });
}

const effectiveBy = ({ message }: Notify) => /;effective-by=(\d+)/.exec(message.header('Event') ?? '')?.[1];

test('U60-01: a phone gets the document of its model from a file, with effective-by, and a day by default', async () => {
  const hand = await stage.hand();
  const user = stage.ext();
  const { status, talk, header } = await hand.ask(device(user, mac(), { lines: { ...text, Expires: null } }));
  assert.deepEqual([status, header('Expires')], [200, '86400']);
  assert.ok(header('Allow-Events')?.split(', ').includes('ua-profile'));
  const first = await hand.next(talk);
  assert.deepEqual([first.contentType, first.body, effectiveBy(first)], ['text/plain', 'model=1', '600']);
  assert.equal(first.message.header('Event'), 'ua-profile;effective-by=600');
});

test('U60-01: a phone that takes only a URL is sent one, in its form; one that takes none of it 406', async () => {
  const hand = await stage.hand();
  const user = stage.ext();
  const name = mac();
  const pnp = await asked(hand, device(user, name, { lines: { Accept: 'application/url' } }));
  assert.deepEqual([pnp.contentType, pnp.body], ['application/url', `https://prov.example.test/${name}.cfg`]);
  const external = await asked(hand, device(user, name, { lines: { Accept: 'message/external-body' } }));
  assert.match(
    external.message.header('Content-Type') ?? '',
    /^message\/external-body; access-type="URL"; URL="https:/,
  );
  assert.match(external.body, /^Content-Type: text\/plain\r\nContent-ID: <\w+@lamplighter\.test>\r\n\r\n$/);
  assert.equal((await hand.ask(device(user, name, { lines: { Accept: 'text/html' } }))).status, 406);
  const unknown = await hand.ask({ ...device(user, name), event: 'ua-profile;profile-type=door' });
  assert.deepEqual([unknown.status, unknown.header('Allow-Events')], [489, allowEvents]);
});

test('U60-01: the document of a device is for its owners, by whatever form of its name, and for nobody else', async () => {
  const [owner, other] = [stage.ext(), stage.ext()];
  const name = mac();
  assert.equal((await put(`device/${name}?owners=${owner}`, 'secret=1')).status, 201);
  const hand = await stage.hand();
  const forms = [name, name.toUpperCase(), name.replace(/..(?=.)/g, '$&-')].map(
    (form) => `sip:MAC%3A${form}@${domain}`,
  );
  for (const uri of [...forms, `sip:${name}@${domain}`, `sip:urn%3Auuid%3A00000000-0000-1000-0000-${name}@${domain}`]) {
    assert.equal((await asked(hand, device(owner, name, { uri }))).body, 'secret=1', uri);
    assert.equal((await hand.ask(device(other, name, { uri }))).status, 403, uri);
  }
  assert.equal((await put(`device/${name}?owners=*`, 'secret=2')).status, 200);
  assert.equal((await asked(hand, device(other, name))).body, 'secret=2');
});

test("U60-01: a user's profile is his alone; without one he is sent no body until there is one", async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const hand = await stage.hand();
  const event = 'ua-profile;profile-type=user;vendor="a";model="b";version="c"';
  const { talk } = await hand.ask({ user, event, lines: text });
  const none = await hand.next(talk);
  assert.deepEqual([none.contentType, none.body, effectiveBy(none)], ['', '', undefined]);
  assert.equal((await hand.ask({ user: other, event, uri: `sip:${user}@${domain}`, lines: text })).status, 403);
  assert.equal((await put(`user/${user}?effectiveBy=0`, 'mine=1', { 'content-type': 'application/xml' })).status, 201);
  const mine = await hand.next(talk);
  assert.deepEqual([mine.contentType, mine.body, effectiveBy(mine)], ['application/xml', 'mine=1', '0']);
});

test('a file that is changed is told to those it is for and to nobody else; one that is deleted, too', async () => {
  const user = stage.ext();
  const [mine, neighbour] = [mac(), mac()];
  for (const name of [mine, neighbour]) {
    file(`devices/${name}.owners`, `${user} # the desk phone\n`);
    file(`devices/${name}.xml`, `<of>${name}</of>`);
  }
  const hand = await stage.hand();
  const until = async (ask: Ask, body: string) => {
    for (let left = 100; left > 0; left--) {
      const answer = await hand.ask({ ...ask, expires: 0 });
      if (answer.status === 200 && (await hand.next(answer.talk)).body === body) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.fail(`never: ${body}`);
  };
  for (const name of [mine, neighbour]) await until(device(user, name), `<of>${name}</of>`);
  const one = await hand.ask(device(user, mine));
  const two = await hand.ask(device(user, neighbour));
  for (const { talk } of [one, two]) await hand.next(talk);
  file(`devices/${mine}.xml`, '<of>another</of>');
  const news = await hand.next(one.talk);
  assert.deepEqual([news.contentType, news.body], ['application/xml', '<of>another</of>']);
  rmSync(join(folder, `devices/${mine}.xml`));
  const gone = await hand.next(one.talk);
  assert.equal(gone.body, 'model=1', 'that of its model counts again');
  // The neighbour was woken by none of it: another model, another phone.
  file('models/snom/d785.xml', '<model/>');
  await until(device(user, mac(), { event: 'ua-profile;profile-type=device;vendor=snom;model=D785' }), '<model/>');
  assert.equal(hand.heard(two.talk).length, 1);
});

test('a document put by the API hides the file of its name, and lets it be seen again when it is deleted', async () => {
  const user = stage.ext();
  file('models/fanvil.txt', 'from the file');
  const hand = await stage.hand();
  const ask = device(user, mac(), { event: 'ua-profile;profile-type=application;vendor=fanvil' });
  const body = async () => (await asked(hand, { ...ask, expires: 0 })).body;
  await stage.daemon.until<{ name: string }[]>('/api/v1/profiles', (all) => all.some(({ name }) => name === 'fanvil'));
  assert.equal(await body(), 'from the file');
  assert.equal((await put('model/Fanvil', 'from the API')).status, 201);
  assert.equal(await body(), 'from the API');
  const url = `${stage.daemon.http}/api/v1/profiles/model/fanvil`;
  assert.equal((await fetch(url, { method: 'DELETE' })).status, 204);
  assert.equal(await body(), 'from the file');
});

test('documents, subscriptions and what they were asked with outlive a crash, and each phone is told again', async () => {
  const user = stage.ext();
  const name = mac();
  await put(`device/${name}?owners=${user}&effectiveBy=30`, 'kept=1');
  const hand = await stage.hand();
  const own = await hand.ask(device(user, name));
  const shared = await hand.ask(device(user, mac(), { lines: { Accept: 'application/url, text/plain' } }));
  const before = [await hand.next(own.talk), await hand.next(shared.talk)];
  await stage.killAndStart();
  const afterwards = [await hand.next(own.talk), await hand.next(shared.talk)];
  for (const [at, { body, cseq, contentType }] of afterwards.entries()) {
    assert.deepEqual([body, contentType], [before[at]?.body, before[at]?.contentType]);
    assert.ok(cseq > (before[at]?.cseq ?? 0));
  }
  assert.deepEqual(afterwards.map(effectiveBy), ['30', '600']);
  await put(`device/${name}`, 'kept=2');
  const news = await hand.next(own.talk);
  assert.deepEqual([news.body, effectiveBy(news)], ['kept=2', '30'], 'its owner and its delay are as they were');
});

test('whatever stands in the parameters of Event is a value, is kept short, and harms nobody', async () => {
  const user = stage.ext();
  const hand = await stage.hand();
  for (const [vendor, status] of [
    ['"../../etc/passwd"', 200],
    [`"${'v'.repeat(3000)}"`, 200],
    ['"\\"x\\\\y"', 200],
    ['"%0d%0aX-Evil: 1"', 200],
    ['"', 400],
    ['__proto__', 200],
  ] as const) {
    const answer = await hand.ask(device(user, mac(), { event: `ua-profile;profile-type=device;vendor=${vendor}` }));
    assert.equal(answer.status, status, vendor);
    if (status !== 200) continue;
    const told = await hand.next(answer.talk);
    assert.equal(told.body, '');
    assert.equal(told.message.header('X-Evil'), undefined);
  }
});

test('the largest document arrives whole, letters beyond ASCII too, by TCP and by UDP; to UDP a URL goes where it is taken', async () => {
  const user = stage.ext();
  const name = mac();
  const large = 'ü'.repeat(24 * 1024);
  assert.equal((await put(`device/${name}?owners=${user}`, large)).status, 201);
  for (const transport of ['tcp', 'udp'] as const) {
    const hand = await stage.hand(transport);
    const { body } = await asked(hand, device(user, name));
    assert.equal(Buffer.from(body, 'utf8').length, 48 * 1024, transport);
    assert.ok(body === large, transport);
    const either = await asked(hand, device(user, name, { lines: { Accept: 'text/plain, application/url' } }));
    assert.equal(either.contentType, transport === 'tcp' ? 'text/plain' : 'application/url');
  }
});

test('COMPAT(PnP): a phone of a trusted network that was never configured gets what is for everybody, by unicast', async () => {
  const settings = `{ directory: ${folder}, url: 'https://prov.example.test/{vendor}/{mac}', prefer: url }`;
  const pnp = await Stage.open(`aliases: [224.0.1.75]\nprofiles: ${settings}`, 'auth: trusted, trusted: [127.0.0.0/8]');
  try {
    const name = mac();
    const there = `sip:MAC%3A${name}@224.0.1.75`;
    const lines = (accept: string) => ({ From: `<${there}>;tag=${name}`, To: `<${there}>`, Accept: accept });
    const event = 'ua-profile;profile-type="device";vendor="htek";model="UC926";version="2"';
    const hand = await pnp.hand();
    const ask = { user: 'nobody', uri: there, event, expires: 0 };
    const url = await asked(hand, { ...ask, lines: lines('application/url') });
    assert.deepEqual([url.contentType, url.body], ['application/url', `https://prov.example.test/htek/${name}`]);
    file('models/htek.txt', 'for all of them');
    await pnp.daemon.until<{ name: string }[]>('/api/v1/profiles', (all) => all.some((one) => one.name === 'htek'));
    assert.equal((await asked(hand, { ...ask, lines: lines('text/plain') })).body, 'for all of them');
    file(`devices/${name}.txt`, 'password = 1');
    await pnp.daemon.until<{ name: string }[]>('/api/v1/profiles', (all) => all.some((one) => one.name === name));
    assert.equal((await hand.ask({ ...ask, lines: lines('text/plain') })).status, 403, 'its MAC address is no proof');
  } finally {
    await pnp.close();
  }
});

test('a device, a long number and nobody have profiles, and no lamps: 404 as without any profiles', async () => {
  const hand = await stage.hand();
  for (const name of ['MAC:001565aabbcc', '491234567890', 'anonymous']) {
    const uri = `sip:${name.replace(':', '%3A')}@${domain}`;
    for (const event of ['dialog', 'presence']) {
      assert.equal((await hand.ask({ user: stage.ext(), event, uri })).status, 404, `${event} of ${name}`);
    }
    const event = name === 'anonymous' ? 'ua-profile;profile-type=local-network' : 'ua-profile;profile-type=device';
    assert.equal((await hand.ask({ user: stage.ext(), event, uri, expires: 3600 })).status, 200, name);
  }
});
