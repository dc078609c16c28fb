import { createHash } from 'node:crypto';

export interface DigestAnswer {
  readonly user: string;
  readonly password: string;
  readonly method?: string;
  readonly uri?: string;
  readonly nc?: number;
  readonly algorithm?: 'MD5' | 'SHA-256';
  /** false: the form of RFC 2069. */
  readonly qop?: boolean;
}

/** What a phone makes of a challenge; written apart from the code under test. */
export function answerTo(challenge: string, phone: DigestAnswer): string {
  const { user, password, method = 'SUBSCRIBE', uri = 'sip:1001@lamplighter.test', nc = 1, qop = true } = phone;
  const algorithm = phone.algorithm ?? 'MD5';
  const realm = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
  const hash = (text: string): string =>
    createHash(algorithm.replace('-', '').toLowerCase()).update(text).digest('hex');
  const count = nc.toString(16).padStart(8, '0');
  const [a1, a2] = [hash(`${user}:${realm}:${password}`), hash(`${method}:${uri}`)];
  const response = hash(qop ? `${a1}:${nonce}:${count}:c0ffee:auth:${a2}` : `${a1}:${nonce}:${a2}`);
  const guard = qop ? `, qop=auth, nc=${count}, cnonce="c0ffee"` : '';
  return (
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
    `response="${response}", algorithm=${algorithm}${guard}`
  );
}
