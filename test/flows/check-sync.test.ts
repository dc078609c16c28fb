import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { domain } from './hand.ts';
import { Stage } from './stage.ts';

/* Orders to phones over the paths of their own subscriptions, where the PBX sends none (the simulated one). */

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
afterEach(() => stage.tidy());
after(() => stage.close());

interface Answer {
  readonly via: string;
  readonly event: string;
  readonly sent: number;
  readonly phones: readonly {
    readonly contact: string;
    readonly userAgent: string | null;
    readonly source: string | null;
    readonly answer: number | null;
  }[];
  readonly error?: { readonly code: string };
}

const order = (ext: string, body: object) =>
  stage.daemon.api<Answer>(`/api/v1/extensions/${ext}/check-sync`, { method: 'POST', body });

test('every phone of the user is told once, outside of its dialogs, and the answer says what each said', async () => {
  const [user, other] = [stage.ext(), stage.ext()];
  const desk = await stage.phone(user, { userAgent: 'Yealink SIP-T54W 96.85.0.5' });
  const soft = await stage.phone(user, { userAgent: 'Linphone' }, 'tcp');
  const stranger = await stage.phone(other);
  const keys = await desk.subscribe({ event: 'as-feature-event' });
  await desk.subscribe({ event: 'dialog', resource: `sip:${other}@${domain}` });
  await soft.subscribe({ event: 'message-summary' });
  // He watches this user, but is another one.
  await stranger.subscribe({ event: 'dialog', resource: `sip:${user}@${domain}` });
  const { status, body } = await order(user, { event: 'check-sync', reboot: false });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.via, body.event, body.sent], ['subscriptions', 'check-sync;reboot=false', 2]);
  assert.deepEqual(body.phones.map(({ userAgent }) => userAgent).sort(), ['Linphone', 'Yealink SIP-T54W 96.85.0.5']);
  assert.ok(body.phones.every(({ answer }) => answer !== null && answer >= 200));
  assert.deepEqual(body.phones.map(({ source }) => source?.split(':')[0]).sort(), ['tcp', 'udp']);
  for (const phone of [desk, soft]) {
    const notify = await phone.nextUnsolicited();
    assert.equal(notify.message.header('Event'), 'check-sync;reboot=false');
    assert.equal(notify.subscriptionState.state, 'terminated');
    assert.match(notify.message.header('To') ?? '', new RegExp(`^<sip:${user}@${domain}>$`));
    assert.match(notify.message.header('From') ?? '', new RegExp(`^<sip:${user}@${domain}>;tag=\\w+$`));
    assert.equal(notify.body, '');
  }
  // Its dialogs know nothing of it.
  await keys.refresh();
  assert.deepEqual([...desk.violations, ...soft.violations], []);
  assert.equal(keys.violations.length, 0);
});

test('a second order at once, one for nobody, and one without phones are refused with a reason', async () => {
  const [user, lonely] = [stage.ext(), stage.ext()];
  const phone = await stage.phone(user);
  await phone.subscribe({ event: 'dialog' });
  assert.equal((await order(user, { event: 'resync' })).status, 200);
  const again = await order(user, { event: 'resync' });
  assert.deepEqual([again.status, again.body.error?.code], [429, 'too-many']);
  const alone = await order(lonely, { event: 'check-sync' });
  assert.deepEqual([alone.status, alone.body.error?.code], [409, 'no-phone']);
  const nobody = await order('9999', { event: 'check-sync' });
  assert.deepEqual([nobody.status, nobody.body.error?.code], [404, 'unknown-extension']);
  for (const body of [{}, { event: 'talk' }, { event: 'check-sync', reboot: 'yes' }, { event: 'resync', more: 1 }]) {
    assert.equal((await order(stage.ext(), body)).status, 400, JSON.stringify(body));
  }
});

test('a phone whose connection is gone is named as unreachable, and the others are told', async () => {
  const user = stage.ext();
  const desk = await stage.phone(user);
  const gone = await stage.phone(user, { userAgent: 'Gone' }, 'tcp');
  await desk.subscribe({ event: 'dialog' });
  await gone.subscribe({ event: 'message-summary' });
  await gone.close();
  const { body } = await order(user, { event: 'report' });
  assert.equal(body.sent, 2);
  assert.equal(body.phones.find(({ userAgent }) => userAgent === 'Gone')?.answer, 503);
  assert.equal((await desk.nextUnsolicited()).message.header('Event'), 'report');
});

test('who ordered what, and from where, stands in the log', async () => {
  const lines = await stage.daemon.logged(({ message }) => message === 'phones were given an order', 3);
  for (const line of lines) {
    assert.deepEqual([line['kind'], line['who'], line['from']], ['api', 'local', '127.0.0.1']);
    assert.match(String(line['aor']), /^\d+@lamplighter\.test$/);
    assert.match(String(line['event']), /^(?:check-sync;reboot=false|resync|report)$/);
  }
});
