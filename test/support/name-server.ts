import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type Question,
  type RecordType,
  type Reply,
  readQuestion,
  shorts,
  typeNumbers,
  wireName,
  wireText,
  writeReply,
  type ZoneRecord,
} from './name-server-wire.ts';

/** How the server misbehaves for one name and type. `truncated`: over UDP only, the whole answer comes over TCP. */
export type Mischief = 'servfail' | 'refused' | 'silent' | 'truncated' | 'garbage' | { readonly delayMs: number };

/** A name server on loopback, UDP and TCP on one port, that answers from what the test has put in. */
export class NameServer {
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #streams = new Set<Socket>();
  readonly #delays = new Set<NodeJS.Timeout>();
  readonly #records: ZoneRecord[] = [];
  readonly #mischief = new Map<string, Mischief>();
  /** `SRV _sip._udp.example.com`, each question as it came; over TCP with ` tcp` behind. */
  readonly asked: string[] = [];

  private constructor(udp: UdpSocket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (message, remote) => {
      this.#answer(message, false, (reply) => udp.send(reply, remote.port, remote.address));
    });
    tcp.on('connection', (stream) => this.#serve(stream));
  }

  static async start(): Promise<NameServer> {
    for (;;) {
      const udp = createSocket('udp4');
      udp.bind(0, '127.0.0.1');
      await once(udp, 'listening');
      const tcp = createServer();
      tcp.listen(udp.address().port, '127.0.0.1');
      try {
        await once(tcp, 'listening');
        return new NameServer(udp, tcp);
      } catch {
        udp.close(); // somebody else has that port for TCP: another one
      }
    }
  }

  /** For `Resolver.setServers`. */
  get address(): string {
    return `127.0.0.1:${(this.#tcp.address() as AddressInfo).port}`;
  }

  a(name: string, address: string, ttl = 60): this {
    return this.#add(name, 'A', ttl, Buffer.from(address.split('.').map(Number)));
  }

  /** `groups`: the eight groups in full, `2001:db8:0:0:0:0:0:1`. */
  aaaa(name: string, groups: string, ttl = 60): this {
    return this.#add(name, 'AAAA', ttl, shorts(...groups.split(':').map((group) => Number.parseInt(group, 16))));
  }

  cname(name: string, target: string, ttl = 60): this {
    return this.#add(name, 'CNAME', ttl, wireName(target), target);
  }

  /** `target`: the empty string is the root. */
  srv(name: string, priority: number, weight: number, port: number, target: string, ttl = 60): this {
    return this.#add(name, 'SRV', ttl, Buffer.concat([shorts(priority, weight, port), wireName(target)]));
  }

  naptr(
    name: string,
    order: number,
    preference: number,
    service: string,
    replacement: string,
    more: { readonly flags?: string; readonly regexp?: string } = {},
  ): this {
    const texts = [more.flags ?? 's', service, more.regexp ?? ''].map(wireText);
    return this.#add(name, 'NAPTR', 60, Buffer.concat([shorts(order, preference), ...texts, wireName(replacement)]));
  }

  /** Takes every record of a name away. */
  remove(name: string): this {
    const left = this.#records.filter((record) => record.name !== name);
    this.#records.splice(0, this.#records.length, ...left);
    return this;
  }

  /** From now on, for this question; null: well behaved again. */
  misbehave(type: RecordType, name: string, mischief: Mischief | null): this {
    if (mischief === null) this.#mischief.delete(`${type} ${name}`);
    else this.#mischief.set(`${type} ${name}`, mischief);
    return this;
  }

  async close(): Promise<void> {
    for (const delay of this.#delays) clearTimeout(delay);
    for (const stream of this.#streams) stream.destroy();
    await Promise.all([
      new Promise<void>((resolve) => this.#udp.close(() => resolve())),
      new Promise<void>((resolve) => this.#tcp.close(() => resolve())),
    ]);
  }

  #add(name: string, type: RecordType, ttl: number, data: Buffer, alias: string | null = null): this {
    this.#records.push({ name: name.toLowerCase(), type, ttl, data, alias });
    return this;
  }

  /** RFC 1035 4.2.2: two bytes of length before each message. */
  #serve(stream: Socket): void {
    this.#streams.add(stream);
    stream.on('close', () => this.#streams.delete(stream));
    stream.on('error', () => stream.destroy());
    let pending = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const message = pending.subarray(2, end);
        pending = pending.subarray(end);
        this.#answer(message, true, (reply) => stream.write(Buffer.concat([shorts(reply.length), reply])));
      }
    });
  }

  #answer(message: Buffer, byTcp: boolean, send: (reply: Buffer) => void): void {
    const question = readQuestion(message);
    if (question === null) return;
    const type = (Object.keys(typeNumbers) as RecordType[]).find((one) => typeNumbers[one] === question.type);
    const key = `${type ?? question.type} ${question.name}`;
    this.asked.push(byTcp ? `${key} tcp` : key);
    const mischief = this.#mischief.get(key);
    if (mischief === 'silent') return;
    const reply = this.#reply(question, mischief, byTcp);
    if (typeof mischief !== 'object') {
      send(reply);
      return;
    }
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      send(reply);
    }, mischief.delayMs);
    this.#delays.add(delay);
  }

  #reply(question: Question, mischief: Mischief | undefined, byTcp: boolean): Buffer {
    const failed: Omit<Reply, 'code'> = { truncated: false, records: [] };
    if (mischief === 'servfail') return writeReply(question, { ...failed, code: 2 });
    if (mischief === 'refused') return writeReply(question, { ...failed, code: 5 });
    if (mischief === 'truncated' && !byTcp) return writeReply(question, { ...failed, code: 0, truncated: true });
    const found = this.#found(question);
    const reply = writeReply(question, found);
    // the right id and question, then a record that ends in the middle
    return mischief === 'garbage' ? reply.subarray(0, reply.length - 3) : reply;
  }

  /** The records of the name, through its aliases, each alias told as well (RFC 1034 4.3.2). */
  #found({ name, type }: Question): Reply {
    const records: ZoneRecord[] = [];
    let at = name;
    for (let hops = 0; hops < 20; hops += 1) {
      const here = this.#records.filter((record) => record.name === at);
      const fitting = here.filter((record) => typeNumbers[record.type] === type);
      const alias = here.find((record) => record.alias !== null);
      records.push(...(fitting.length > 0 || alias === undefined ? fitting : [alias]));
      if (here.length === 0 && hops === 0) return { code: 3, truncated: false, records };
      if (fitting.length > 0 || alias === undefined || alias.alias === null) break;
      at = alias.alias;
    }
    return { code: 0, truncated: false, records };
  }
}
