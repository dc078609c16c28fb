import { createHash, randomBytes } from 'node:crypto';
import type { Message } from './message.ts';

/** Which of the offered algorithms the phone answers; `first-offered` is what RFC 8760 2.4 asks of a client. */
export type AlgorithmChoice = 'md5' | 'sha-256' | 'first-offered';

export interface Challenge {
  /** True: Proxy-Authenticate, answered in Proxy-Authorization. */
  readonly proxy: boolean;
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'md5' | 'sha-256';
  /** As the server spelled it; absent: not sent back. */
  readonly algorithmText: string | undefined;
  readonly qop: boolean;
  readonly stale: boolean;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Every Digest challenge of a 401 or 407 in an algorithm known here, in the order offered. */
export function challengesOf(response: Message): Challenge[] {
  const read = (value: string, proxy: boolean): Challenge[] => {
    if (!/^digest\s/i.test(value)) return [];
    const field = (name: string): string | undefined => {
      const match = new RegExp(`(?:^|[\\s,])${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,]+))`, 'i').exec(
        value.slice(6),
      );
      return match ? (match[1] ?? match[2]) : undefined;
    };
    const algorithmText = field('algorithm');
    const algorithm = (algorithmText ?? 'MD5').toLowerCase();
    if (algorithm !== 'md5' && algorithm !== 'sha-256') return [];
    const qop = field('qop');
    return [
      {
        proxy,
        realm: field('realm') ?? '',
        nonce: field('nonce') ?? '',
        opaque: field('opaque'),
        algorithm,
        algorithmText,
        qop: qop?.split(',').some((one) => one.trim().toLowerCase() === 'auth') ?? false,
        stale: field('stale')?.toLowerCase() === 'true',
      },
    ];
  };
  return [
    ...response.all('WWW-Authenticate').flatMap((value) => read(value, false)),
    ...response.all('Proxy-Authenticate').flatMap((value) => read(value, true)),
  ];
}

export function choose(offered: readonly Challenge[], choice: AlgorithmChoice): Challenge | undefined {
  return choice === 'first-offered' ? offered[0] : offered.find(({ algorithm }) => algorithm === choice);
}

/** The Authorization (or Proxy-Authorization) header that answers the challenge; `count` is the nonce count from 1. */
export function answerTo(
  challenge: Challenge,
  { user, password }: Credentials,
  method: string,
  uri: string,
  count: number,
): readonly [name: string, value: string] {
  const hash = (text: string) =>
    createHash(challenge.algorithm === 'md5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const ha1 = hash(`${user}:${challenge.realm}:${password}`);
  const ha2 = hash(`${method}:${uri}`);
  const cnonce = randomBytes(8).toString('hex');
  const nc = count.toString(16).padStart(8, '0');
  const response = challenge.qop
    ? hash(`${ha1}:${challenge.nonce}:${nc}:${cnonce}:auth:${ha2}`) // RFC 7616 3.4.1
    : hash(`${ha1}:${challenge.nonce}:${ha2}`); // RFC 2069, still what a challenge without qop asks
  const fields = [
    `username="${user}"`,
    `realm="${challenge.realm}"`,
    `nonce="${challenge.nonce}"`,
    `uri="${uri}"`,
    `response="${response}"`,
    ...(challenge.algorithmText === undefined ? [] : [`algorithm=${challenge.algorithmText}`]),
    ...(challenge.opaque === undefined ? [] : [`opaque="${challenge.opaque}"`]),
    ...(challenge.qop ? ['qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`] : []),
  ];
  return [challenge.proxy ? 'Proxy-Authorization' : 'Authorization', `Digest ${fields.join(', ')}`];
}
