import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cpuMicros } from '../bench/procfs.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { allQuiet, enter, inline, Lamps } from './inline-scene.ts';
import { orRequired } from './required.ts';
import { domain, skip as noSite, Site } from './scene.ts';
import { type CallsReport, callsAtRate } from './sipp/calls.ts';
import { run, sippMissing } from './sipp/sipp.ts';

const skip = orRequired(await sippMissing()) ?? noSite;
const rate = 100;
const calls = 500;
let site: Site;

before(async () => {
  if (skip !== null) return;
  site = await Site.open(inline());
  // else a re-INVITE tells it, which crosses what so short a call does next now and then, and SIPp cannot do both
  await site.lab.addToPjsip('[1001](+type=endpoint)\nsend_connected_line = no\n');
});
after(() => site?.close());

/** 1001 calls 1002 by 8300, both of them SIPp, at a port of Asterisk or of Lamplighter. */
async function load(port: number): Promise<CallsReport & { readonly cpuMs: number }> {
  const calledPort = await lastingPort();
  const server = { host: '127.0.0.1', port, transport: 'udp' } as const;
  const called = await Phone.open({ user: '1002', password: 'pw1002', domain, server, localPort: calledPort });
  try {
    assert.equal((await called.register()).status, 200);
    await called.nextUnsolicited(); // of its mailbox: not for SIPp
  } finally {
    await called.close(); // SIPp answers at its port from now on
  }
  const who = { caller: '1001', password: 'pw1001', called: '8300' };
  const before = cpuMicros(site.daemon.pid);
  const report = await callsAtRate({ port, calledPort, rate, calls, ...who });
  return { ...report, cpuMs: (cpuMicros(site.daemon.pid) - before) / calls / 1000 };
}

for (const transport of ['udp', 'tcp'] as const) {
  test(`SIPp registers, calls, holds, resumes, transfers, hangs up and sends a text over ${transport}, and the lamps follow`, {
    skip: skip ?? false,
  }, async () => {
    const port = site.daemon.port(transport);
    const sipp = { port, user: '1001', password: 'pw1001', transport };
    const registered = await run('register', sipp);
    assert.equal(registered.code, 0, registered.log);
    const [callee, third] = [await enter(site, '1002', { transport }), await enter(site, '1003')];
    const lamps = await Lamps.on(site, '1001', '1002', '1003');
    const calling = run('transfer', {
      ...sipp,
      user: '1002',
      keys: { caller: '1001', target: '1003' },
      account: '1001',
    });
    const incoming = await callee.nextCall();
    const before = await notifiesAnswered();
    incoming.ringing();
    await lamps.show({ '1001': 'busy', '1002': 'ringing' });
    await incoming.answer();
    await lamps.show({ '1002': 'busy' });
    const transferred = await third.nextCall();
    transferred.ringing();
    await lamps.show({ '1003': 'ringing' });
    await notifiesAnswered(before + 2); // that it is tried, and that it rings
    await transferred.answer();
    const { code, log } = await calling;
    assert.equal(code, 0, log);
    await lamps.show({ '1001': 'off', '1002': 'busy', '1003': 'busy' });
    await transferred.hangup();
    await incoming.ended;
    await lamps.show({ '1002': 'off', '1003': 'off' });
    const texted = await run('message', { ...sipp, keys: { target: '1002' } });
    assert.equal(texted.code, 0, texted.log);
    assert.match((await callee.nextRequest(({ method }) => method === 'MESSAGE')).text, /from SIPp/);
    await lamps.leave();
    for (const phone of [callee, third]) await phone.unregister();
    await allQuiet(site);
  });
}

test(`${rate} calls a second from phone to phone through Lamplighter, Asterisk and Lamplighter again: none is lost, and the lamps go out`, {
  skip: skip ?? false,
}, async (t) => {
  await site.lab.cli('core set verbose 0'); // a line for each step of each call
  const lamps = await Lamps.on(site, '1001', '1002');
  for (let attempt = 1; ; attempt += 1) {
    const direct = await load(site.lab.sipPort);
    const inlined = await load(site.daemon.udpPort);
    for (const [name, { answerMs, repeated, cpuMs }] of Object.entries({ direct, inline: inlined })) {
      t.diagnostic(
        `${name}: INVITE to 200 ${answerMs.p50.toFixed(1)} ms p50, ${answerMs.p99.toFixed(1)} ms p99, ${repeated} sent again, ` +
          `Lamplighter's CPU ${cpuMs.toFixed(2)} ms a call, watching Asterisk included`,
      );
    }
    // what a machine loses without Lamplighter says nothing about it
    if (!isWhole(direct) && !isWhole(inlined) && attempt < 3) continue;
    const { made, lost, taken, dropped, log } = inlined;
    assert.deepEqual([made, lost, taken, dropped], [calls, 0, calls, 0], log);
    break;
  }
  // an event stream that Asterisk cut under such a load is noticed by its next ping
  await lamps.show({ '1001': 'off', '1002': 'off' }, 30_000);
  await lamps.leave();
  await allQuiet(site);
});

/** NOTIFYs of Asterisk that phones took, once there are `least`. SIPp gives up where one comes before it answered the last. */
async function notifiesAnswered(least = 0): Promise<number> {
  for (const end = Date.now() + 10_000; ; ) {
    const text = await (await fetch(`${site.daemon.http}/metrics`)).text();
    const count = Number(
      /^lamplighter_relay_answers_total\{method="NOTIFY",status="200"\} (\d+)$/m.exec(text)?.[1] ?? 0,
    );
    if (count >= least) return count;
    if (Date.now() > end) throw new Error(`only ${count} of ${least} NOTIFYs of Asterisk were answered`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isWhole({ made, lost, taken, dropped }: CallsReport): boolean {
  return made === calls && taken === calls && lost + dropped === 0;
}
