import type { SipAnswer } from '../engine.ts';

/** An answer over UDP goes where the datagram says it came from: larger than this share of it, it would be a weapon. */
const largestShare = 1.5;
/**
 * The least of a challenge may be larger: without it a phone stays dark for good. Measured: a phone with compact names
 * writes 250 bytes, and with a realm of 60 characters its challenge is 1.7 times as large.
 */
const challengeShare = 2.5;

/**
 * The answer as bytes for UDP, in proportion to its request, which may be forged. A refusal loses `Server`, then what
 * `smaller` leaves out, then all but its status; the empty string: nothing that may be sent. A 2xx is for somebody known,
 * unless it brings a smaller form itself. `write` gives the bytes of an answer; `server` is the header's value, or the
 * empty string.
 */
export function inProportion(
  answer: SipAnswer,
  requestBytes: number,
  server: string,
  write: (answer: SipAnswer, server: string) => string,
): string {
  // who asks for credentials need not say which software he is
  const first = write(answer, answer.status === 401 ? '' : server);
  if (answer.status < 300 && answer.smaller === undefined) return first;
  const fits = (wire: string, share = largestShare) => wire.length <= share * requestBytes;
  if (fits(first)) return first;
  for (let next: SipAnswer | undefined = answer; next !== undefined; next = next.smaller) {
    const wire = write(next, '');
    const lastChallenge = next.status === 401 && next.smaller?.status !== 401;
    if (fits(wire, lastChallenge ? challengeShare : largestShare)) return wire;
  }
  const { status, toTag } = answer;
  const bare = write(toTag === undefined ? { status } : { status, toTag }, '');
  // a 401 without a challenge is no answer
  return status !== 401 && fits(bare) ? bare : '';
}

/** The answer to what could not be read, as bytes for UDP; null where it would be out of proportion. */
export function refusalInProportion(
  requestBytes: number,
  server: string,
  write: (server: string) => string | null,
): string | null {
  for (const one of [server, '']) {
    const wire = write(one);
    if (wire === null || wire.length <= largestShare * requestBytes) return wire;
  }
  return null;
}

/**
 * The answer of somebody behind us to a request of `requestBytes` bytes, as bytes for a source that nobody knows; a status:
 * nothing of the answer would be in proportion but that; the empty string: nothing at all. What says yes is for somebody
 * who has shown a password, but for OPTIONS.
 *
 * @param write `spare`: with headers that its reader can do without, and the body
 */
export function relayedInProportion(
  { status, method }: { readonly status: number; readonly method: string },
  requestBytes: number,
  write: (spare: boolean) => string,
): string | SipAnswer {
  const whole = write(true);
  if ((status < 300 && method !== 'OPTIONS') || whole.length <= largestShare * requestBytes) return whole;
  const isChallenge = status === 401 || status === 407;
  const share = isChallenge ? challengeShare : largestShare;
  // a phone that writes as phones do is told everything
  if (isChallenge && whole.length <= share * requestBytes) return whole;
  const least = write(false);
  if (least.length <= share * requestBytes) return least;
  return isChallenge ? '' : { status };
}
