import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Clock, systemClock, within } from '../../../src/model/clock.ts';

/** One AMI message; a repeated key keeps all its values, one a line. */
export type AmiMessage = Readonly<Record<string, string>>;

export interface AmiAccount {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly secret: string;
}

/** The tests' own AMI client: plays FreePBX's web page and makes load. */
export class AmiClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (message: AmiMessage) => void>();
  readonly #clock: Clock;
  #listener: (event: AmiMessage) => void = () => undefined;
  #rest = '';
  #last = 0;

  /** Rejects when the login is refused. */
  static async connect(account: AmiAccount, clock: Clock = systemClock): Promise<AmiClient> {
    const socket = connect({ host: account.host, port: account.port });
    await once(socket, 'connect');
    const client = new AmiClient(socket, clock);
    const answer = await client.action({ Action: 'Login', Username: account.username, Secret: account.secret });
    if (answer['Response'] === 'Success') return client;
    await client.close();
    throw new Error(`AMI login of ${account.username}: ${answer['Message'] ?? 'no answer'}`);
  }

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#onText(text));
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      for (const take of [...this.#waiting.values()]) take({ Response: 'Error', Message: 'AMI connection closed' });
    });
  }

  /** Called for every event from now on. */
  onEvent(listener: (event: AmiMessage) => void): void {
    this.#listener = listener;
  }

  /** One action, its response; an `Error` response is a value too. Rejects after 5 s without any. */
  action(fields: AmiMessage): Promise<AmiMessage> {
    return this.#send(fields, (message, done) => {
      if (message['Response'] !== undefined) done(message);
    });
  }

  /** An action that answers with a list: its events, without the closing one. */
  async list(fields: AmiMessage): Promise<AmiMessage[]> {
    const rows: AmiMessage[] = [];
    await this.#send(fields, (message, done) => {
      if (message['EventList'] === 'Complete' || message['Response'] === 'Error') done(message);
      else if (message['Event'] !== undefined) rows.push(message);
    });
    return rows;
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    await once(this.#socket, 'close');
  }

  #send(
    fields: AmiMessage,
    take: (message: AmiMessage, done: (last: AmiMessage) => void) => void,
  ): Promise<AmiMessage> {
    this.#last += 1;
    const id = `test-${this.#last}`;
    const lines = Object.entries({ ...fields, ActionID: id }).map(([key, value]) => `${key}: ${value}`);
    if (lines.some((line) => /[\r\n]/.test(line))) throw new Error('line break in an AMI field');
    const answered = new Promise<AmiMessage>((done) => {
      this.#waiting.set(id, (message) => take(message, done));
      this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
    const late = () => Promise.reject(new Error(`AMI ${fields['Action']}: no answer in 5 s`));
    return within(this.#clock, 5000, answered, late).finally(() => this.#waiting.delete(id));
  }

  #onText(text: string): void {
    this.#rest = (this.#rest + text).replace(/^Asterisk Call Manager\/[^\r\n]*\r\n/, '');
    for (let end = this.#rest.indexOf('\r\n\r\n'); end >= 0; end = this.#rest.indexOf('\r\n\r\n')) {
      const message = readBlock(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + 4);
      const waiting = this.#waiting.get(message['ActionID'] ?? '');
      if (waiting) waiting(message);
      else if (message['Event'] !== undefined) this.#listener(message);
    }
  }
}

function readBlock(block: string): AmiMessage {
  const message: Record<string, string> = {};
  for (const line of block.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const key = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    message[key] = message[key] === undefined ? value : `${message[key]}\n${value}`;
  }
  return message;
}

async function must(answer: Promise<AmiMessage>): Promise<void> {
  const message = await answer;
  if (message['Response'] !== 'Success') throw new Error(`AMI: ${message['Message'] ?? 'refused'}`);
}

function setDeviceState(ami: AmiClient, device: string, state: string): Promise<void> {
  return must(ami.action({ Action: 'Setvar', Variable: `DEVICE_STATE(${device})`, Value: state }));
}

/** Undefined: no such key. */
export async function databaseGet(ami: AmiClient, family: string, key: string): Promise<string | undefined> {
  const [row] = await ami.list({ Action: 'DBGet', Family: family, Key: key });
  return row?.['Val'];
}

/** An undefined value deletes the key; deleting a missing one is fine. */
export async function databasePut(
  ami: AmiClient,
  family: string,
  key: string,
  value: string | undefined,
): Promise<void> {
  if (value === undefined) await ami.action({ Action: 'DBDel', Family: family, Key: key });
  else await must(ami.action({ Action: 'DBPut', Family: family, Key: key, Val: value }));
}

async function deviceStates(ami: AmiClient, kind: 'DND' | 'CF', ext: string, state: string): Promise<void> {
  await setDeviceState(ami, `Custom:${kind}${ext}`, state);
  const devices = (await databaseGet(ami, 'AMPUSER', `${ext}/device`)) ?? ext;
  for (const device of devices.split('&')) await setDeviceState(ami, `Custom:DEV${kind}${device}`, state);
}

/** Do-not-disturb as FreePBX's web page writes it: the key, then the device states. */
export async function guiSetDnd(ami: AmiClient, ext: string, on: boolean): Promise<void> {
  await databasePut(ami, 'DND', ext, on ? 'YES' : undefined);
  await deviceStates(ami, 'DND', ext, on ? 'BUSY' : 'UNAVAILABLE');
}

/** A forward as FreePBX's web page writes it; busy and no-answer raise no event at all. Undefined target: off. */
export async function guiSetForward(ami: AmiClient, ext: string, type: 'cfa' | 'cfb' | 'cfna', target?: string) {
  await databasePut(ami, { cfa: 'CF', cfb: 'CFB', cfna: 'CFU' }[type], ext, target);
  if (type === 'cfa') await deviceStates(ami, 'CF', ext, target === undefined ? 'NOT_INUSE' : 'BUSY');
}

export interface Load {
  readonly sent: number;
  /** Stops and waits for the answers under way; gives how many were sent and how many of them failed. */
  stop(): Promise<{ readonly sent: number; readonly failed: number }>;
}

/** Runs `task` so many times a second until stopped, without waiting for one before the next. */
export function startLoad(
  perSecond: number,
  task: (turn: number) => Promise<unknown>,
  clock: Clock = systemClock,
): Load {
  const started = clock.now();
  const running = new Set<Promise<unknown>>();
  let sent = 0;
  let failed = 0;
  let stopped = false;
  const tick = (): void => {
    if (stopped) return;
    for (const due = ((clock.now() - started) * perSecond) / 1000; sent < due; sent += 1) {
      const one = task(sent).catch(() => {
        failed += 1;
      });
      running.add(one);
      void one.finally(() => running.delete(one));
    }
    clock.after(20, tick);
  };
  tick();
  return {
    get sent() {
      return sent;
    },
    stop: async () => {
      stopped = true;
      await Promise.all(running);
      return { sent, failed };
    },
  };
}

/** Device states that flip between busy and free, for `startLoad`. */
export function flipDeviceStates(ami: AmiClient, devices: number): (turn: number) => Promise<void> {
  return (turn) =>
    setDeviceState(ami, `Custom:load${turn % devices}`, Math.floor(turn / devices) % 2 === 0 ? 'INUSE' : 'NOT_INUSE');
}

/** Local calls of one second each, for `startLoad`. */
export function originateLocalCalls(ami: AmiClient): (turn: number) => Promise<void> {
  return () =>
    must(
      ami.action({
        Action: 'Originate',
        Channel: 'Local/*60@from-internal/n',
        Application: 'Wait',
        Data: '1',
        Async: 'true',
      }),
    );
}
