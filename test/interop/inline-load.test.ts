import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cpuMicros } from '../bench/procfs.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { allQuiet, inline, Lamps } from './inline-scene.ts';
import { orRequired } from './required.ts';
import { domain, skip as noSite, Site } from './scene.ts';
import { type CallsReport, callsAtRate } from './sipp/calls.ts';
import { sippMissing } from './sipp/sipp.ts';

const skip = orRequired(await sippMissing()) ?? noSite;
const rate = 100;
const calls = 500;
let site: Site;

before(async () => {
  if (skip === null) site = await Site.open(inline());
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

test(`${rate} calls a second from phone to phone through Lamplighter, Asterisk and Lamplighter again: none is lost, and the lamps go out`, {
  skip: skip ?? false,
}, async (t) => {
  await site.lab.cli('core set verbose 0'); // a line for each step of each call
  // else a re-INVITE tells it, which crosses the BYE of so short a call now and then, and SIPp cannot do both
  await site.lab.addToPjsip('[1001](+type=endpoint)\nsend_connected_line = no\n');
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
  await lamps.show({ '1001': 'off', '1002': 'off' });
  await lamps.leave();
  await allQuiet(site);
});

function isWhole({ made, lost, taken, dropped }: CallsReport): boolean {
  return made === calls && taken === calls && lost + dropped === 0;
}
