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
const calls = 600;
let site: Site;

before(async () => {
  if (skip === null) site = await Site.open(inline());
});
after(() => site?.close());

/** 1001 calls 1002, both of them SIPp, at a port of Asterisk or of Lamplighter. */
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
  const who = { caller: '1001', password: 'pw1001', called: '1002' };
  const before = cpuMicros(site.daemon.pid);
  const report = await callsAtRate({ port, calledPort, rate, calls, ...who });
  return { ...report, cpuMs: (cpuMicros(site.daemon.pid) - before) / calls / 1000 };
}

test(`${rate} calls a second from phone to phone through Lamplighter, Asterisk and Lamplighter again: none is lost, and the lamps go out`, {
  skip: skip ?? false,
}, async (t) => {
  const lamps = await Lamps.on(site, '1001', '1002');
  const direct = await load(site.lab.sipPort);
  assert.deepEqual([direct.made, direct.lost], [calls, 0], direct.log);
  await lamps.show({ '1001': 'off', '1002': 'off' });
  const inlined = await load(site.daemon.udpPort);
  for (const [name, { answerMs, repeated, cpuMs }] of Object.entries({ direct, inline: inlined })) {
    t.diagnostic(
      `${name}: INVITE to 200 ${answerMs.p50.toFixed(1)} ms p50, ${answerMs.p99.toFixed(1)} ms p99, ${repeated} sent again, ` +
        `Lamplighter's CPU ${cpuMs.toFixed(2)} ms a call, watching Asterisk included`,
    );
  }
  assert.deepEqual([inlined.made, inlined.lost, inlined.taken, inlined.dropped], [calls, 0, calls, 0], inlined.log);
  await lamps.show({ '1001': 'off', '1002': 'off' });
  await lamps.leave();
  await allQuiet(site);
});
