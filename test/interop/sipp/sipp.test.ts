import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sleep, systemClock } from '../../../src/model/clock.ts';
import { ScriptedPeer } from '../../support/phone/scripted-peer.ts';
import { featureType } from '../../support/phone.ts';
import { AmiClient, guiSetDnd } from '../lab/ami.ts';
import { AsteriskLab } from '../lab/asterisk.ts';
import { orRequired } from '../required.ts';
import { run, sippMissing } from './sipp.ts';

const noSipp = orRequired(await sippMissing());
const noLab = noSipp ?? orRequired(await AsteriskLab.available());
const csta = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';

/** Plays a notifier for the Set scenario: challenges each SUBSCRIBE, tells two features one by one, then what was set. */
async function playNotifier(peer: ScriptedPeer, toldAfterSet: string): Promise<void> {
  let cseq = 0;
  const accept = async () => {
    const first = await peer.next('SUBSCRIBE');
    first.reply('401 Unauthorized', ['WWW-Authenticate: Digest realm="x", nonce="n", algorithm=MD5, qop="auth"']);
    const second = await peer.next('SUBSCRIBE');
    assert.match(second.line('Authorization'), /username="1001"/);
    second.reply('200 OK', [`Expires: ${second.line('Expires')}`, `Contact: <sip:lamp@127.0.0.1:${peer.port}>`]);
    return second;
  };
  const tell = async (subscribe: Awaited<ReturnType<typeof accept>>, state: string, on: string) => {
    cseq += 1;
    const body = `<DoNotDisturbEvent xmlns="${csta}"><device>1001</device><doNotDisturbOn>${on}</doNotDisturbOn></DoNotDisturbEvent>`;
    peer.notify(subscribe, { cseq, state, type: featureType, body });
    assert.equal((await peer.next('SIP/2.0')).status, 200);
  };
  const subscribe = await accept();
  await tell(subscribe, 'active;expires=600', 'false');
  await tell(subscribe, 'active;expires=600', 'false');
  const set = await accept();
  assert.match(set.body, /<doNotDisturbOn>true</);
  assert.match(set.text, new RegExp(`^SUBSCRIBE sip:lamp@127.0.0.1:${peer.port} `));
  await tell(subscribe, 'active;expires=590', toldAfterSet);
  if (toldAfterSet !== 'true') return;
  const leave = await accept();
  assert.equal(leave.line('Expires'), '0');
  await tell(subscribe, 'active;expires=1', 'true');
  await tell(subscribe, 'terminated;reason=timeout', 'true');
}

describe('SIPp scenarios', { skip: noSipp ?? false }, () => {
  test('subscribe_dnd passes with a right notifier and fails when the key is not confirmed', async () => {
    for (const [told, passes] of [
      ['true', true],
      ['false', false],
    ] as const) {
      const peer = await ScriptedPeer.open();
      const playing = playNotifier(peer, told);
      playing.catch(() => undefined); // awaited below; a failing run says more
      const { code, log } = await run('subscribe_dnd', {
        port: peer.port,
        user: '1001',
        password: 'pw',
        timeoutSeconds: 15,
      });
      assert.equal(code === 0, passes, log);
      await playing;
      await peer.close();
    }
  });
});

describe('SIPp scenarios against a real Asterisk', { skip: noLab ?? false }, () => {
  let lab: AsteriskLab;
  let ami: AmiClient;

  before(async () => {
    lab = await AsteriskLab.start({ features: 'freepbx' });
    ami = await AmiClient.connect(lab.admin);
  });

  after(async () => {
    await ami.close();
    await lab.stop();
  });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`register passes with the right password and fails with a wrong one over ${transport}`, async () => {
      const account = { port: lab.sipPort, user: '1001', password: 'pw1001', transport };
      const right = await run('register', account);
      assert.equal(right.code, 0, right.log);
      assert.notEqual((await run('register', { ...account, password: 'wrong' })).code, 0);
    });

    test(`subscribe_dialog passes when the lamp changes once over ${transport}`, async () => {
      await subscriptions(lab, 0);
      const running = run('subscribe_dialog', { port: lab.sipPort, user: '1001', password: 'pw1001', transport });
      await subscriptions(lab, 1);
      await guiSetDnd(ami, '1001', transport === 'udp'); // on in one run, off in the other: a change each time
      const { code, log } = await running;
      assert.equal(code, 0, log);
    });
  }
});

/** Until Asterisk has so many subscriptions. */
async function subscriptions(lab: AsteriskLab, count: number): Promise<void> {
  const deadline = systemClock.now() + 10_000;
  for (;;) {
    const found = /^(\d+) active subscription/m.exec(await lab.cli('pjsip list subscriptions inbound'))?.[1];
    if (found === String(count)) return;
    if (systemClock.now() > deadline) throw new Error(`${found} subscriptions, not ${count}, after 10 s`);
    await sleep(systemClock, 20);
  }
}
