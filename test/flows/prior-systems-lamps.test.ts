import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { wellFormed } from '../event-packages/read-xml.ts';
import { type DialogInfo, dialogInfo, lamp } from '../support/phone.ts';
import { assertGapless, Bench, type Desk, nextDialogs, refreshed } from './prior-systems-rig.ts';
import { domain } from './simulated.ts';

/* dialog: what Asterisk, FreeSWITCH, Kamailio and OpenSIPS do to lamps, and what we do. */

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

const shows = (what: ReturnType<typeof lamp>) => (info: DialogInfo) => lamp(info) === what;
const ring = (from: string, to: string, fromName?: string) =>
  bench.simulate('call', { from, to, ...(fromName === undefined ? {} : { fromName }) });

/** The state after everything so far, as a refresh tells it. */
const now = async (desk: Desk): Promise<DialogInfo> => dialogInfo(await refreshed(desk));

test('a lamp without calls gets a full document at once, with one constant terminated dialog (Kamailio: no body; OpenSIPS #3362: empty, which upsets Yealink)', async () => {
  const { sub } = await bench.lamp(bench.user());
  const first = dialogInfo(sub.notifies[0]!);
  assert.equal(first.state, 'full');
  assert.deepEqual(
    first.dialogs.map(({ id, state }) => [id, state]),
    [['idle', 'terminated']],
  );
  await sub.refresh();
  assert.equal((await nextDialogs(sub)).dialogs[0]?.id, 'idle');
});

test('a phone that wants no dummy gets an empty document (Asterisk: <dialog id="1002"> terminated, always)', async () => {
  const { sub } = await bench.lamp(bench.user(), { userAgent: 'empty' });
  assert.deepEqual(dialogInfo(sub.notifies[0]!).dialogs, []);
});

test('each call is a dialog in one full document: a second ringing call is told (Asterisk: one dialog an extension, no NOTIFY; FreeSWITCH: only the one that changed; OpenSIPS: partial)', async () => {
  const [target, a, b] = [bench.user(), bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  await ring(a, target);
  await nextDialogs(sub, shows('ringing'));
  await ring(b, target);
  const info = await nextDialogs(sub, ({ dialogs }) => dialogs.length === 2);
  assert.equal(info.state, 'full');
  assert.ok(info.dialogs.every(({ state, direction }) => state === 'early' && direction === 'recipient'));
  assert.deepEqual(
    info.dialogs.map(({ remote }) => remote.identity),
    [`sip:${a}@${domain}`, `sip:${b}@${domain}`],
  );
});

test('the order of calls is stable and a refresh of one phone is told to no other (Kamailio: a refresh reorders and tells everybody)', async () => {
  const [target, a, b] = [bench.user(), bench.user(), bench.user()];
  const [one, two] = [await bench.lamp(target), await bench.lamp(target)];
  await ring(a, target);
  const second = await ring(b, target);
  const ids = (await nextDialogs(one.sub, ({ dialogs }) => dialogs.length === 2)).dialogs.map(({ id }) => id);
  await nextDialogs(two.sub, ({ dialogs }) => dialogs.length === 2);
  await bench.simulate('answer', { id: second });
  const after = await nextDialogs(one.sub, ({ dialogs }) => dialogs.some(({ state }) => state === 'confirmed'));
  await nextDialogs(two.sub, ({ dialogs }) => dialogs.some(({ state }) => state === 'confirmed'));
  const mark = two.sub.notifies.length;
  assert.deepEqual((await now(one)).dialogs, after.dialogs);
  assert.deepEqual(
    after.dialogs.map(({ id }) => id),
    ids,
  );
  assert.equal(two.sub.notifies.length, mark);
});

test('versions belong to the subscription, begin at 0, grow with every refresh and are not padded (Asterisk: not on refresh; Kamailio: eleven places, overwritten)', async () => {
  const target = bench.user();
  const one = await bench.lamp(target);
  await one.sub.refresh();
  await one.sub.next();
  const two = await bench.lamp(target);
  const raw = [...one.sub.notifies, ...two.sub.notifies].map(
    ({ body }) => /<dialog-info[^>]* version="([^"]*)"/.exec(body)?.[1],
  );
  assert.deepEqual(raw, ['0', '1', '0']);
});

test('a phone that takes one dialog is shown the ringing one of all calls (Kamailio: the sum of ranks, and only over several publications; OpenSIPS: a talking one hides it)', async () => {
  const [target, a, b, c] = [bench.user(), bench.user(), bench.user(), bench.user()];
  const desk = await bench.lamp(target, { userAgent: 'single' });
  const { sub } = desk;
  const first = await ring(a, target);
  await bench.simulate('answer', { id: first });
  await nextDialogs(sub, shows('busy'));
  const second = await ring(b, target);
  await nextDialogs(sub, shows('ringing'));
  const third = await ring(c, target); // two earlies are no reason to think ringing over
  assert.equal(lamp(await now(desk)), 'ringing');
  for (const id of [second, third]) await bench.simulate('hangup', { id });
  await nextDialogs(sub, shows('busy'));
  for (const notify of sub.notifies) assert.ok(dialogInfo(notify).dialogs.length <= 1);
});

test('the end of the last call is one NOTIFY without it, and the lamp is off for good (Kamailio #3229, #3192: still told alive, lamp stuck; OpenSIPS: two)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const desk = await bench.lamp(target);
  const { sub } = desk;
  const id = await ring(a, target);
  await bench.simulate('answer', { id });
  await nextDialogs(sub, shows('busy'));
  const mark = sub.notifies.length;
  await bench.simulate('hangup', { id });
  await nextDialogs(sub, shows('off'));
  assert.deepEqual((await now(desk)).dialogs[0]?.id, 'idle');
  const later = sub.notifies.slice(mark);
  assert.equal(later.length, 2, 'the end, and the refresh');
  assert.ok(later.every((notify) => lamp(dialogInfo(notify)) === 'off'));
  assertGapless(sub);
});

test('the end of one of two calls leaves the lamp lit, the end of both puts it out (Kamailio #1427: lit for good; FreeSWITCH #156: stale early)', async () => {
  const [target, a, b] = [bench.user(), bench.user(), bench.user()];
  const desk = await bench.lamp(target);
  const { sub } = desk;
  const [first, second] = [await ring(a, target), await ring(b, target)];
  await bench.simulate('answer', { id: first });
  await bench.simulate('hangup', { id: second });
  const left = await nextDialogs(sub, shows('busy'));
  assert.deepEqual(
    left.dialogs.filter(({ state }) => state !== 'terminated').map(({ state }) => state),
    ['confirmed'],
  );
  await bench.simulate('hangup', { id: first });
  assert.equal(lamp(await now(desk)), 'off');
});

test('a caller who gives up leaves no early dialog behind (Kamailio #1489, OpenSIPS: false early)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const [callee, caller] = [await bench.lamp(target), await bench.lamp(a)];
  const id = await ring(a, target);
  await nextDialogs(callee.sub, shows('ringing'));
  await bench.simulate('hangup', { id });
  for (const desk of [callee, caller]) assert.equal(lamp(await now(desk)), 'off');
});

test('identities and direction are told in every state, for both sides (Asterisk: while early only; an outgoing call is a bare confirmed)', async () => {
  const [from, to] = [bench.user(), bench.user()];
  const [caller, callee] = [await bench.lamp(from), await bench.lamp(to)];
  const id = await ring(from, to);
  const out = (await nextDialogs(caller.sub, ({ dialogs }) => dialogs[0]?.state === 'early')).dialogs[0];
  assert.equal(out?.direction, 'initiator');
  assert.equal(out?.remote.identity, `sip:${to}@${domain}`);
  await bench.simulate('answer', { id });
  for (const [{ sub }, direction, mine, other] of [
    [caller, 'initiator', from, to],
    [callee, 'recipient', to, from],
  ] as const) {
    const [dialog] = (await nextDialogs(sub, ({ dialogs }) => dialogs[0]?.state === 'confirmed')).dialogs;
    assert.equal(dialog?.direction, direction);
    assert.equal(dialog?.local.identity, `sip:${mine}@${domain}`);
    assert.equal(dialog?.remote.identity, `sip:${other}@${domain}`);
    assert.equal(dialog?.remote.target, `sip:${other}@${domain}`); // FreeSWITCH #1772: **user@host without sip:
  }
});

test('hold shows on the lamp of the one who holds, and goes with resume (Asterisk: on that of the held one)', async () => {
  const [from, to] = [bench.user(), bench.user()];
  const [holder, held] = [await bench.lamp(to), await bench.lamp(from)];
  const id = await ring(from, to);
  await bench.simulate('answer', { id });
  await bench.simulate('hold', { id, by: to });
  await nextDialogs(holder.sub, shows('held'));
  assert.equal(lamp(await now(held)), 'busy');
  await bench.simulate('resume', { id, by: to });
  await nextDialogs(holder.sub, shows('busy'));
});

for (const [userAgent, attribute, other] of [
  ['test-phone/1.0', 'pval', 'pvalue'],
  ['pvalue', 'pvalue', 'pval'],
] as const) {
  test(`hold is written with ${attribute} for ${userAgent} (Asterisk and FreeSWITCH: pvalue, which RFC 4235 does not know)`, async () => {
    const [from, to] = [bench.user(), bench.user()];
    const { sub } = await bench.lamp(to, { userAgent });
    const id = await ring(from, to);
    await bench.simulate('answer', { id });
    await bench.simulate('hold', { id, by: to });
    await nextDialogs(sub, shows('held'));
    const { body } = sub.notifies.at(-1)!;
    assert.match(body, new RegExp(`<param pname="\\+sip\\.rendering" ${attribute}="no"`));
    assert.doesNotMatch(body, new RegExp(`${other}=`));
  });
}

test('do not disturb lights the lamp by a dialog named dnd that has no other side, and only where wanted (Asterisk: confirmed, like a call)', async () => {
  const target = bench.user();
  const [busy, plain] = [await bench.lamp(target), await bench.lamp(target, { userAgent: 'plain' })];
  await bench.put(target, 'dnd', { enabled: true });
  const [dialog] = (await nextDialogs(busy.sub, shows('busy'))).dialogs;
  assert.match(dialog?.id ?? '', /^dnd-\d+$/);
  assert.deepEqual(dialog?.remote, {});
  assert.equal(lamp(await now(plain)), 'off');
});

test('a phone that is not registered is known to be away, under do not disturb too (Asterisk with the hints of FreePBX: idle)', async () => {
  const target = bench.user();
  await bench.put(target, 'dnd', { enabled: true });
  await bench.simulate('register', { ext: target, registered: false });
  const path = `/api/v1/extensions/${target}`;
  assert.equal((await bench.daemon.api<{ registered: boolean }>(path)).body.registered, false);
  await bench.simulate('register', { ext: target, registered: true });
  assert.equal((await bench.daemon.api<{ registered: boolean }>(path)).body.registered, true);
});

test('a call has an opaque id of its own, the same to its end (Asterisk: the extension; FreeSWITCH: the channel)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  const call = await ring(a, target);
  const early = (await nextDialogs(sub, shows('ringing'))).dialogs[0]?.id ?? '';
  await bench.simulate('answer', { id: call });
  const confirmed = (await nextDialogs(sub, shows('busy'))).dialogs[0]?.id;
  assert.equal(confirmed, early);
  assert.ok(early.length >= 8 && !early.includes(target) && !early.includes(call), early);
});

test('children stand in the order of the schema: state, local, remote (Asterisk: remote, local, state)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  await ring(a, target);
  await nextDialogs(sub, shows('ringing'));
  const [dialog] = wellFormed(sub.notifies.at(-1)!.body).children;
  assert.deepEqual(
    dialog?.children.map(({ name }) => name),
    ['state', 'local', 'remote'],
  );
});

test('a name with markup, quotes and control characters arrives whole and harmless (FreeSWITCH: unescaped, the phone ignores the NOTIFY; Asterisk: control characters pass)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  await ring(a, target, 'Müller & "Söhne" <x>\u0007\u0000 \'&amp;\'');
  const { dialogs } = await nextDialogs(sub, shows('ringing'));
  assert.equal(dialogs[0]?.remote.display, 'Müller & "Söhne" <x> \'&amp;\'');
  wellFormed(sub.notifies.at(-1)!.body);
});

test('a caller who withholds his identity is anonymous by number and by name (Asterisk: all but the local name; FreeSWITCH: only with a Presence-Privacy header)', async () => {
  const target = bench.user();
  const { sub } = await bench.lamp(target);
  await ring('anonymous', target, 'Dr. Secret');
  const { dialogs } = await nextDialogs(sub, shows('ringing'));
  assert.deepEqual(dialogs[0]?.remote, {
    identity: 'sip:anonymous@anonymous.invalid',
    display: 'Anonymous',
    target: 'sip:anonymous@anonymous.invalid',
  });
  assert.doesNotMatch(sub.notifies.at(-1)!.body, /Secret/);
});

test('a busy extension that rings shows ringing (Asterisk: confirmed unless notify_early_inuse_ringing)', async () => {
  const [target, a, b] = [bench.user(), bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  await bench.simulate('answer', { id: await ring(a, target) });
  await nextDialogs(sub, shows('busy'));
  await ring(b, target);
  await nextDialogs(sub, shows('ringing'));
});

test('ten calls at once are all told in one document (Asterisk #956: the message is too long, no NOTIFY)', async () => {
  const target = bench.user();
  const callers = Array.from({ length: 10 }, () => bench.user());
  for (const transport of ['udp', 'tcp'] as const) {
    const desk = await bench.lamp(target, { transport });
    const { sub } = desk;
    if (transport === 'udp') for (const from of callers) await ring(from, target, `Somebody with a long name ${from}`);
    const { dialogs } = await now(desk);
    const seen =
      dialogs.length === 10 ? dialogs : (await nextDialogs(sub, (info) => info.dialogs.length === 10)).dialogs;
    assert.equal(new Set(seen.map(({ remote }) => remote.identity)).size, 10);
  }
});

test('a lamp goes on after a phone refused one NOTIFY, with what is true then (Kamailio #2540, chan_sip: lost)', async () => {
  const [target, a] = [bench.user(), bench.user()];
  const { sub } = await bench.lamp(target);
  sub.answerWith(() => 500);
  const id = await ring(a, target);
  await bench.daemon.until<{ lastStatus: number }[]>(
    `/api/v1/subscriptions?ext=${target}`,
    ([one]) => one?.lastStatus === 500,
  );
  sub.answerWith(() => 200);
  await bench.simulate('answer', { id });
  await nextDialogs(sub, shows('busy'));
  assert.deepEqual(sub.violations, []);
});
