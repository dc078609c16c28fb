import { createHash } from 'node:crypto';
import type { Logger } from '../../model/logger.ts';
import { type Grid, otherName } from '../../model/tally.ts';
import type { Flow, SipAnswer } from '../engine.ts';
import type { ParsedRequest, RefusedMessage } from '../message/parse.ts';
import type { Complaints } from './complaints.ts';
import { writeAnswer, writeRefusal } from './compose.ts';
import { inProportion, refusalInProportion } from './proportion.ts';
import type { Tokens } from './tokens.ts';
import type { Transports } from './transports.ts';

export interface AnswersOptions {
  readonly transports: Transports;
  readonly tokens: Tokens;
  readonly complaints: Complaints;
  readonly logger: Logger;
  /** For Server; the empty string leaves it out. */
  readonly serverName: string;
  readonly secret: string;
  /** Counts final answers, by method and status. */
  readonly counts?: Grid | undefined;
}

/** Answers of our own: written, and sent to where the request came from. */
export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** To a request of `bytes` bytes; never throws. */
  write(message: ParsedRequest, flow: Flow, answer: SipAnswer, bytes: number): string {
    const { tokens, serverName, logger, counts } = this.#options;
    if (answer.status >= 200) counts?.add(message.method, answer.status);
    const tag = message.toTag === null && answer.toTag === undefined ? tokens.next(8) : '';
    try {
      const write = (one: SipAnswer, server: string) => writeAnswer(message, flow.remote, one, tag, server);
      return flow.transport === 'udp' ? inProportion(answer, bytes, serverName, write) : write(answer, serverName);
    } catch (error) {
      logger.error({ error: String(error), method: message.method }, 'an answer could not be written');
      return writeAnswer(message, flow.remote, { status: 500 }, tag || tokens.next(8), '');
    }
  }

  /** RFC 3581 4: to where it came from, by the socket it came by; a connection that is gone takes its answer along. */
  send(flow: Flow, wire: string): void {
    if (wire === '') return; // nothing that would be in proportion to the request
    const { transports, complaints } = this.#options;
    transports.send(flow, wire, (error) =>
      complaints.warn(sourceName(flow), 'an answer could not be sent', error.message),
    );
  }

  /** Without state: nothing is kept of what there is too much of. RFC 3261 8.2.7: the same To tag each time. */
  giveStateless(message: ParsedRequest, flow: Flow, answer: SipAnswer, bytes: number): void {
    const { headers } = message;
    const toTag = this.#hashed(`${headers.get('Call-ID')}|${headers.get('CSeq')}|${headers.get('Via')}`);
    this.send(flow, this.write(message, flow, { ...answer, toTag }, bytes));
  }

  /** What the parser refused, as far as it can be answered at all. */
  refuse(refused: RefusedMessage, flow: Flow, bytes: number): void {
    const { complaints, serverName, counts } = this.#options;
    counts?.add(refused.method ?? otherName, refused.status);
    const detail = refused.method === null ? refused.reason : `${refused.method}: ${refused.reason}`;
    complaints.warn(sourceName(flow), 'SIP message refused', detail);
    const { callId, cseq, via } = refused.echo;
    const tag = this.#hashed(`${callId}|${cseq}|${via[0]}`);
    const write = (server: string) => writeRefusal(refused, flow.remote, tag, server);
    const wire = flow.transport === 'udp' ? refusalInProportion(bytes, serverName, write) : write(serverName);
    if (wire !== null) this.send(flow, wire);
  }

  #hashed(text: string): string {
    return createHash('sha256').update(`${this.#options.secret}|${text}`, 'latin1').digest('hex').slice(0, 16);
  }
}

export function sourceName(flow: Flow): string {
  return `${flow.transport}:${flow.remote.address}`;
}
