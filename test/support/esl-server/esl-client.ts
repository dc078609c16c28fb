import type { Socket } from 'node:net';
import type { EslServer, EslUser } from './esl-server.ts';
import { eventNames } from './event-names.ts';
import { apiResponse, authRequest, disconnectNotice, eventJson, reply, rudeRejection, userReply } from './frames.ts';

export type Fields = Readonly<Record<string, string>>;

/** What a connection asks of the server it belongs to. */
export interface EslRules {
  readonly server: EslServer;
  api(command: string, args: string): string | null | Promise<string | null>;
  sendEvent(name: string, headers: Fields, body: string): string;
}

interface Command {
  readonly line: string;
  readonly headers: Fields;
  readonly body: string;
}

/** One connection to the scripted event socket. Commands are carried out one after the other, as FreeSWITCH does. */
export class EslClient {
  readonly #socket: Socket;
  readonly #rules: EslRules;
  /** Names of events, and `CUSTOM subclass`; lower case. */
  readonly #wanted = new Set<string>();
  readonly #waiting: Command[] = [];
  #user: EslUser | null = null;
  #in = Buffer.alloc(0);
  #loggedIn = false;
  #busy = false;
  /** Killed from here. */
  #dead = false;
  /** The goodbye is on its way. */
  #ended = false;
  #out: Promise<void> = Promise.resolve();

  constructor(socket: Socket, rules: EslRules) {
    this.#socket = socket;
    this.#rules = rules;
    socket.on('error', () => undefined);
    socket.on('end', () => {
      if (!this.#dead) socket.end();
    });
    socket.on('data', (bytes) => {
      this.#in = Buffer.concat([this.#in, bytes]);
      this.#cut();
    });
  }

  get open(): boolean {
    return !this.#socket.destroyed;
  }

  /** Nothing that was received waits to be carried out. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  greet(): void {
    const { greeting } = this.#rules.server;
    if (greeting === 'login') this.#write(authRequest);
    if (greeting === 'rude') {
      this.#write(rudeRejection);
      this.#end();
    }
  }

  tell(event: Fields): void {
    if (this.#rules.server.stalled || !this.#wants(event)) return;
    this.#write(eventJson(event));
  }

  raw(bytes: Buffer | string): void {
    this.#write(bytes);
  }

  resume(): void {
    this.#next();
  }

  drop(how: 'fin' | 'rst' | 'half-open'): void {
    if (how === 'fin') {
      this.#write(disconnectNotice);
      this.#end();
    } else if (how === 'rst') {
      this.#dead = true;
      this.#socket.resetAndDestroy();
    } else {
      this.#dead = true;
      this.#socket.pause();
    }
  }

  destroy(): void {
    this.#dead = true;
    this.#socket.destroy();
  }

  /** A command ends with an empty line; line breaks before it are skipped; a body follows by Content-Length. */
  #cut(): void {
    for (;;) {
      while (this.#in[0] === 0x0a || this.#in[0] === 0x0d) this.#in = this.#in.subarray(1);
      const end = this.#in.indexOf('\n\n');
      if (end === -1) return;
      const [line = '', ...rest] = this.#in.toString('utf8', 0, end).split('\n');
      const headers: Record<string, string> = {};
      for (const one of rest) {
        const colon = one.indexOf(':');
        if (colon > 0) headers[one.slice(0, colon)] = one.slice(colon + 1).trimStart();
      }
      const length = Number(headers['Content-Length'] ?? 0);
      if (this.#in.length < end + 2 + length) return;
      const body = this.#in.toString('utf8', end + 2, end + 2 + length);
      this.#in = this.#in.subarray(end + 2 + length);
      this.#waiting.push({ line, headers, body });
      this.#next();
    }
  }

  #next(): void {
    if (this.#busy || this.#dead || this.#ended || this.#rules.server.stalled) return;
    const command = this.#waiting.shift();
    if (command === undefined) return;
    const answer = this.#carryOut(command);
    if (typeof answer === 'string') {
      this.#write(answer);
      this.#next();
      return;
    }
    this.#busy = true;
    const go = (text: string): void => {
      this.#write(text);
      this.#busy = false;
      this.#next();
    };
    answer.then(go, (error: unknown) => go(apiResponse('', `-ERR ${String(error)}`)));
  }

  /** The bytes of the answer. */
  #carryOut({ line, headers, body }: Command): string | Promise<string> {
    const { server } = this.#rules;
    const [verb = '', ...words] = line.split(' ');
    const rest = line.slice(verb.length + 1);
    if (!this.#loggedIn) return this.#login(verb, rest);
    if (isUnload(`${line}\n${Object.values(headers).join('\n')}`)) return this.#unload();
    server.commands.push(line);
    switch (verb) {
      case 'event':
        return this.#subscribe(words);
      case 'api': {
        const [name = '', ...args] = words;
        if (this.#isDenied(rest)) return reply('-ERR permission denied');
        const text = this.#rules.api(name, args.join(' '));
        if (text instanceof Promise) return text.then((it) => apiResponse(name, it));
        return apiResponse(name, text);
      }
      case 'sendevent':
        return reply(this.#rules.sendEvent(rest, headers, body));
      case 'exit':
        setImmediate(() => this.#end());
        return reply('+OK bye') + disconnectNotice;
      default:
        return reply('-ERR command not found');
    }
  }

  #login(verb: string, rest: string): string {
    const { server } = this.#rules;
    const colon = rest.indexOf(':');
    const user = verb === 'userauth' ? server.users[rest.slice(0, colon)] : undefined;
    const good =
      (verb === 'auth' && rest === server.password) || (user !== undefined && user.password === rest.slice(colon + 1));
    if (verb !== 'auth' && verb !== 'userauth') return reply('-ERR command not found');
    if (!good) {
      setImmediate(() => this.#end());
      return reply('-ERR invalid') + disconnectNotice;
    }
    this.#loggedIn = true;
    this.#user = user ?? null;
    server.logins++;
    if (user === undefined) return reply('+OK accepted');
    return userReply(user.events?.join(',') ?? 'all', user.api?.join(',') ?? 'all');
  }

  #subscribe(words: readonly string[]): string {
    const [format, ...names] = words;
    if (format !== 'json') return reply('-ERR this server speaks json only');
    let custom = false;
    let valid = 0;
    for (const name of names) {
      const lower = name.toLowerCase();
      if (this.#user?.events !== undefined && lower !== 'custom' && !this.#user.events.includes(name)) {
        return reply('-ERR permission denied');
      }
      if (lower === 'custom') {
        custom = true;
        valid++;
      } else if (custom) {
        this.#wanted.add(`custom ${lower}`);
      } else if (eventNames.has(name.toUpperCase())) {
        this.#wanted.add(lower);
        valid++;
      }
    }
    return reply(valid === 0 ? '-ERR no keywords supplied' : '+OK event listener enabled json');
  }

  /** Words anywhere in a command that FreeSWITCH takes for another one. */
  #unload(): string {
    const { server } = this.#rules;
    server.commands.push('api bgapi unload mod_event_socket');
    if (this.#isDenied('bgapi')) return reply('-ERR permission denied');
    setImmediate(() => server.unload());
    return reply('+OK Job-UUID: 0');
  }

  #isDenied(rest: string): boolean {
    const [name = ''] = rest.split(' ');
    if (this.#user?.api !== undefined && !this.#user.api.includes(name)) return true;
    return [...this.#rules.server.denied].some((it) => rest === it || rest.startsWith(`${it} `));
  }

  #wants(event: Fields): boolean {
    const name = (event['Event-Name'] ?? '').toLowerCase();
    if (this.#wanted.has('all')) return true;
    return this.#wanted.has(name === 'custom' ? `custom ${(event['Event-Subclass'] ?? '').toLowerCase()}` : name);
  }

  #end(): void {
    this.#ended = true;
    this.#out = this.#out.then(() => {
      if (!this.#dead) this.#socket.end();
    });
  }

  #write(bytes: Buffer | string): void {
    if (this.#dead) return;
    const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const size = this.#rules.server.pieceBytes || all.length;
    const pieces: Buffer[] = [];
    for (let at = 0; at < all.length; at += size) pieces.push(all.subarray(at, at + size));
    this.#out = this.#out.then(async () => {
      for (const [index, piece] of pieces.entries()) {
        if (this.#dead || this.#socket.destroyed) return;
        this.#socket.write(piece);
        // A turn between two pieces, so that each has its own segment.
        if (index < pieces.length - 1) await new Promise(setImmediate);
      }
    });
  }
}

function isUnload(text: string): boolean {
  return /(?:un|re)load/i.test(text) && /mod_event_socket/i.test(text);
}
