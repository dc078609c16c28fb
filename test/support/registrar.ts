import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { systemClock } from '../../src/model/clock.ts';
import { Inbox } from './phone/inbox.ts';
import { type Header, Message } from './phone/message.ts';

/** A PBX that does nothing but register phones, over UDP on loopback: asks for some password, and grants what is asked. */
export class Registrar {
  /** Every REGISTER that was granted. */
  readonly granted = new Inbox<Message>(systemClock, 'REGISTER', (message) => message.toString());
  readonly #socket: Socket;

  static async open(): Promise<Registrar> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Registrar(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, from) => {
      const message = Message.parse(bytes);
      if (message.method === 'REGISTER') this.#send(this.#answer(message), from.port);
      else if (message.method !== 'ACK' && !message.isResponse)
        this.#send(respond(message, '404 Not Found', []), from.port);
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The next that is granted to this user, and the Contact it came with, without its parameters. */
  async next(user: string): Promise<{ readonly request: Message; readonly contact: string }> {
    const request = await this.granted.next((one) => (one.header('To') ?? '').includes(`sip:${user}@`));
    return { request, contact: /<([^>]*)>/.exec(request.header('Contact') ?? '')?.[1] ?? '' };
  }

  async close(): Promise<void> {
    this.granted.close('closed');
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #send(message: Message, port: number): void {
    this.#socket.send(message.toBytes(), port, '127.0.0.1');
  }

  #answer(request: Message): Message {
    if (request.header('Authorization') === undefined) {
      const challenge = 'Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"';
      return respond(request, '401 Unauthorized', [['WWW-Authenticate', challenge]]);
    }
    this.granted.push(request);
    const expires = Number(request.header('Expires') ?? 3600);
    const contacts = request.headers
      .filter(([name]) => name === 'Contact')
      .map(([name, value]): Header => [name, `${value};expires=${expires}`]);
    return respond(request, '200 OK', expires === 0 ? [] : contacts);
  }
}

function respond(request: Message, line: string, headers: readonly Header[]): Message {
  const copied = request.headers.filter(([name]) => /^(via|from|call-id|cseq)$/i.test(name));
  return new Message(`SIP/2.0 ${line}`, [...copied, ['To', `${request.header('To')};tag=r`], ...headers]);
}
