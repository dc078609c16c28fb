import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { HandCall, PbxHand, PbxTrouble } from '../../contracts/adapter.ts';
import type { AcmeUser } from './events.ts';

interface Question {
  readonly id: number;
  readonly ask?: string;
  readonly user?: string;
  readonly set?: { readonly user: string; readonly dnd?: boolean; readonly forward?: string | null };
}

const nobodyElse = (user: string): AcmeUser => ({
  user,
  phones: 1,
  dnd: false,
  forward: null,
  messages: { new: 0, old: 0 },
  calls: [],
});

/** The PBX of docs/extending in small: 1001 and 1002, on a port of its own. */
export class FakePbx {
  readonly #users = new Map(['1001', '1002'].map((user) => [user, nobodyElse(user)]));
  readonly #sockets = new Set<Socket>();
  readonly #writes: string[] = [];
  #server: Server | null = null;
  #port = 0;
  #boots = 0;
  #calls = 0;
  #frozen: (() => void)[] | null = null;

  get port(): number {
    return this.#port;
  }

  async open(): Promise<this> {
    this.#boots++;
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await once(server.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#breakLinks();
    if (server !== null) await new Promise<void>((done) => server.close(() => done()));
  }

  readonly hand: PbxHand = {
    call: () => this.#call(),
    register: (there) => this.#change('1001', ({ phones }) => ({ phones: Math.max(phones + (there ? 1 : -1), 0) })),
    mailbox: (messages) => this.#change('1001', () => ({ messages })),
  };

  readonly trouble: PbxTrouble = {
    freeze: () => {
      this.#frozen = [];
    },
    thaw: () => {
      const late = this.#frozen ?? [];
      this.#frozen = null;
      for (const work of late) work();
    },
    breakLinks: () => this.#breakLinks(),
    die: async () => {
      for (const [name, user] of this.#users) this.#users.set(name, { ...user, calls: [] });
      await this.close();
    },
    rise: async () => {
      await this.open();
    },
    setDnd: (dnd) => this.#change('1001', () => ({ dnd })),
    writes: () => this.#writes,
  };

  #breakLinks(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let rest = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#take(socket, JSON.parse(line) as Question);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #take(socket: Socket, question: Question): void {
    const work = () => {
      const answer = this.#answer(question);
      if (!socket.destroyed) socket.write(`${JSON.stringify({ id: question.id, ...answer })}\n`);
    };
    if (this.#frozen === null) work();
    else this.#frozen.push(work);
  }

  #answer({ ask, user = '', set }: Question): object {
    if (ask === 'boot') return { boot: `boot-${this.#boots}` };
    if (ask === 'users') return { users: [...this.#users.values()] };
    if (ask === 'password') return { password: this.#users.has(user) ? `secret${user}` : null };
    if (set === undefined || !this.#users.has(set.user)) return { error: 'no such user' };
    const { user: whose, ...values } = set;
    this.#writes.push(JSON.stringify(set));
    this.#change(whose, () => values);
    return { user: this.#users.get(whose) };
  }

  /** Who hears of it is told the whole user. */
  #change(user: string, to: (before: AcmeUser) => Partial<AcmeUser>): void {
    const before = this.#users.get(user) ?? nobodyElse(user);
    const now = { ...before, ...to(before) };
    this.#users.set(user, now);
    for (const socket of this.#sockets) socket.write(`${JSON.stringify({ user: now })}\n`);
  }

  #call(): HandCall {
    const id = `call-${++this.#calls}`;
    const since = Date.now();
    const one = { id, answered: false, holding: false, since };
    const both = (to: object) => {
      for (const name of ['1001', '1002']) {
        this.#change(name, ({ calls }) => ({ calls: calls.map((it) => (it.id === id ? { ...it, ...to } : it)) }));
      }
    };
    const holds = (holding: boolean) =>
      this.#change('1001', ({ calls }) => ({ calls: calls.map((it) => (it.id === id ? { ...it, holding } : it)) }));
    this.#change('1002', ({ calls }) => ({ calls: [...calls, { ...one, with: '1001', outgoing: true }] }));
    this.#change('1001', ({ calls }) => ({ calls: [...calls, { ...one, with: '1002', outgoing: false }] }));
    return {
      answer: () => both({ answered: true }),
      hold: () => holds(true),
      resume: () => holds(false),
      hangup: () => {
        for (const name of ['1001', '1002']) {
          this.#change(name, ({ calls }) => ({ calls: calls.filter((it) => it.id !== id) }));
        }
      },
    };
  }
}
