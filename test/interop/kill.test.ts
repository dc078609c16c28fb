import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AmiClient, flipDeviceStates, type Load, originateLocalCalls, startLoad } from './lab/ami.ts';
import { Site, skip } from './scene.ts';

/** What a closing or stalled reader of ARI may never do to the PBX: asterisk#2170 took SIP down with it. */
const cycles = Number(process.env['INTEROP_KILL_CYCLES'] ?? 3);
const unread = 22_000;
/** A deadlocked Asterisk never answers; one that is well takes far below 2 s. The rest is for slow machines. */
const answerMs = 10_000;

let site: Site;
let states: AmiClient;
let calls: AmiClient;
let load: Load[] = [];

before(async () => {
  if (skip !== null) return;
  site = await Site.open();
  [states, calls] = [await AmiClient.connect(site.lab.admin), await AmiClient.connect(site.lab.admin)];
  load = [startLoad(500, flipDeviceStates(states, 50)), startLoad(50, originateLocalCalls(calls))];
});
after(async () => {
  for (const one of load) await one.stop();
  await states?.close();
  await calls?.close();
  await site?.close();
});

async function answered<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer within ${answerMs} ms`)), answerMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** REGISTER, OPTIONS, a call that rings, ARI. */
async function answers(): Promise<void> {
  const [caller, callee] = [await site.lab.phone('1001'), await site.lab.phone('1002')];
  try {
    for (const phone of [caller, callee]) assert.equal((await answered('REGISTER', phone.register())).status, 200);
    assert.equal((await answered('OPTIONS', caller.request('OPTIONS', '1002'))).status, 200);
    const call = await caller.invite('1002');
    callee.onCall((incoming) => incoming.ringing());
    assert.equal((await answered('INVITE', call.ringing)).status, 180);
    await answered('CANCEL', call.hangup());
  } finally {
    await caller.close();
    await callee.close();
  }
  const { url, username, password } = site.lab.ari;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const listed = await answered('ARI', fetch(`${url}/ari/applications`, { headers: { authorization } }));
  assert.equal(listed.status, 200);
}

async function back(): Promise<void> {
  await site.restartDaemon();
  await site.daemon.ready(20_000);
}

for (const [how, end] of [
  ['stopped by SIGTERM', () => site.daemon.stop()],
  ['killed by SIGKILL', () => site.daemon.kill()],
] as const) {
  test(`Lamplighter ${how} under load, again and again: the PBX answers REGISTER, OPTIONS, INVITE and ARI`, {
    skip: skip ?? false,
  }, async () => {
    for (let cycle = 0; cycle < cycles; cycle++) {
      await end();
      await answers();
      await back();
    }
  });
}

test('Lamplighter stopped dead until 22,000 events wait for it, then killed: the PBX answers, then and after', {
  skip: skip ?? false,
}, async () => {
  let waiting = 0;
  calls.onEvent(() => waiting++);
  process.kill(site.daemon.pid, 'SIGSTOP');
  for (const end = Date.now() + 240_000; waiting < unread && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(waiting >= unread, `only ${waiting} events in four minutes`);
  await answers();
  await site.daemon.kill();
  await answers();
  await back();
  const [flips, originations] = load.map(({ sent }) => sent);
  assert.ok((flips ?? 0) > 1000 && (originations ?? 0) > 100, `${flips} state changes, ${originations} calls`);
});
