import type {
  AddressedRequest,
  EngineCapabilities,
  FinalResponse,
  Flow,
  ListenPoint,
  ServerTransaction,
  SipAnswer,
  SipEngine,
  SipRequest,
} from '../../../src/sip/engine.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';

export const udpFlow: Flow = {
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5070 },
  remote: { address: '192.0.2.77', port: 5060 },
  connection: '',
};

export const tcpFlow: Flow = { ...udpFlow, transport: 'tcp', connection: 'c1' };

/** A request as an engine hands it on; throws where the real parser refuses the text. */
export function requestOf(text: string, flow: Flow = udpFlow): SipRequest {
  const bytes = Buffer.from(text.replaceAll(/\r?\n/g, '\r\n'), 'utf8');
  const parsed = parseMessage(bytes, 'datagram');
  if (parsed.kind !== 'request') throw new Error(`not a request: ${JSON.stringify(parsed)}`);
  const { method, uri, headers, body } = parsed;
  return { method, uri, body, flow, header: (name) => headers.get(name), headers: (name) => headers.all(name) };
}

/** The network in memory: what is received is answered, what is sent is kept. */
export class FakeEngine implements SipEngine {
  readonly capabilities: EngineCapabilities = { maxMessage: 65_536, ownsCseq: true, inlineProxy: true };
  readonly sent: AddressedRequest[] = [];
  /** Final response of the next NOTIFYs. */
  next: { status: number; local?: boolean; headers?: Record<string, string> } = { status: 200 };
  room = 1300;
  stopped = false;
  #onRequest: ((transaction: ServerTransaction) => void) | null = null;

  async start(onRequest: (transaction: ServerTransaction) => void): Promise<readonly ListenPoint[]> {
    this.#onRequest = onRequest;
    return [{ transport: 'udp', ...udpFlow.local }];
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }

  async request(request: AddressedRequest): Promise<FinalResponse> {
    this.sent.push(request);
    const { status, local = false, headers = {} } = this.next;
    return { status, reason: '', local, header: (name) => headers[name] };
  }

  roomBytes(flow: Flow): number {
    return flow.transport === 'udp' ? this.room : Number.POSITIVE_INFINITY;
  }

  /** Delivers a request and resolves with its answer. */
  receive(request: SipRequest): Promise<SipAnswer> {
    return new Promise((resolve) => this.deliver(request, resolve));
  }

  /** Delivers a request; `answered` hears every first answer. */
  deliver(request: SipRequest, answered: (answer: SipAnswer) => void): void {
    let done = false;
    this.#onRequest?.({
      request,
      respond: (answer) => {
        if (done) return;
        done = true;
        answered(answer);
      },
    });
  }
}

/** All values of one header of an answer. */
export function valuesOf(answer: SipAnswer, name: string): string[] {
  return (answer.headers ?? []).filter(([key]) => key === name).map(([, value]) => value);
}
