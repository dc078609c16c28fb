import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../sip/embedded/raw-peer.ts';
import { featureType, setForward } from '../support/phone.ts';
import { domain } from './hand.ts';
import type { Stage } from './stage.ts';

/** An address of loopback for each attacker, and each innocent. */
const at = (last: number) => `127.0.0.${last}`;

/** Whom fail2ban should ban after `attack`, by the mode of its filter. */
export const culprits: Readonly<Record<'normal' | 'aggressive', readonly string[]>> = {
  normal: [1, 21, 22, 23].map(at),
  aggressive: [1, 21, 22, 23, 31, 32, 42].map(at),
};

/** A line of the security log that bans 203.0.113.9, as a quoted string of SIP. */
const fakeLine =
  '{\\"level\\":\\"warn\\",\\"time\\":\\"2026-01-01T00:00:00.000Z\\",\\"room\\":\\"security\\",\\"event\\":\\"auth-failed\\",\\"source\\":\\"203.0.113.9\\",\\"proven\\":true,';

/** Everything that leaves a line in the security log, done to a running daemon; resolves when the lines are there. */
export async function attack(stage: Stage): Promise<void> {
  const [honest, other] = [stage.ext(), stage.ext()];
  const status = async (user: string, last: number, password: string, transport: 'udp' | 'tcp' = 'udp') => {
    const phone = await stage.phone(user, { localAddress: at(last), password }, transport);
    return (await phone.subscribe({ event: 'dialog' })).response.status;
  };
  assert.equal(await status(honest, 10, `secret${honest}`), 200, 'an honest phone');
  assert.equal(await status(honest, 21, 'guess'), 401, 'a guessed password');
  assert.equal(await status(honest, 22, 'guess', 'tcp'), 401, 'one over TCP');
  assert.equal(await status('4711', 23, 'guess'), 401, 'a guessed user');
  await tryNames(stage, honest);
  await takeLiberties(stage, other, honest);
  await sendGarbage(stage);
  // the last of all; what came before it stands before it
  const last = { event: 'malformed', source: at(42) };
  const isLast = (line: Record<string, unknown>) => line['event'] === last.event && line['source'] === last.source;
  await until(() => stage.daemon.log.some(isLast), 'all of it in the log');
}

/** From 127.0.0.1: user names that are lines of the log, and would have another source banned. */
async function tryNames(stage: Stage, user: string): Promise<void> {
  const hand = await stage.hand();
  const challenge = await hand.ask({ user, answerChallenge: false });
  const nonce = /nonce="([^"]*)"/.exec(challenge.text)?.[1] ?? '';
  const names = [
    fakeLine,
    `a\\"}${fakeLine}`,
    `host x[1]: ${fakeLine}`,
    'x\\",\\"source\\":\\"203.0.113.9\\",\\"proven\\":true,',
  ];
  for (const name of names) {
    const username = name.slice(0, 120).replace(/\\$/, '');
    const Authorization = `Digest username="${username}", realm="${domain}", nonce="${nonce}", uri="${challenge.talk.target}", response="${'0'.repeat(32)}", qop=auth, nc=00000001, cnonce="c"`;
    const lines = { Authorization, 'User-Agent': fakeLine };
    assert.equal((await hand.ask({ user, answerChallenge: false, lines })).status, 401);
  }
}

/** With credentials of one's own: the settings of another, and a forward that the policy forbids. */
async function takeLiberties(stage: Stage, user: string, victim: string): Promise<void> {
  const curious = await stage.phone(user, { localAddress: at(31) });
  const foreign = await curious.subscribe({ event: 'as-feature-event', resource: victim });
  assert.equal(foreign.response.status, 403);
  const thief = await stage.phone(user, { localAddress: at(32) });
  const body = setForward('cfa', true, '0900123456');
  const keys = await thief.subscribe({ event: 'as-feature-event', body, contentType: featureType });
  assert.equal(keys.response.status, 200);
}

/** Over UDP anybody can write any sender, over TCP nobody can. */
async function sendGarbage(stage: Stage): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, at(41));
  await once(socket, 'listening');
  for (let n = 0; n < 100; n += 1) {
    const text = `OPTIONS sip:\x1b${n} SIP/2.0\r\nVia: ${fakeLine}\r\n\r\n`;
    await new Promise((sent) => socket.send(Buffer.from(text, 'latin1'), stage.daemon.udpPort, '127.0.0.1', sent));
  }
  socket.close();
  const stream = connect({ host: '127.0.0.1', port: stage.daemon.tcpPort, localAddress: at(42) });
  const closed = once(stream, 'close');
  stream.on('error', () => undefined);
  stream.resume();
  stream.end(`OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP x;branch=z9hG4bK1\r\nSubject: ${fakeLine}\r\n\r\n`);
  await closed;
}
