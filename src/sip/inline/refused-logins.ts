import { readParameters } from '../auth/digest-parameters.ts';
import { Recent } from '../embedded/recent.ts';
import { isStream, type RelayedResponse, type SipRequest } from '../engine.ts';
import { detached } from '../message/wire-text.ts';
import type { SecurityReports } from '../security-log.ts';

/** Nonces that are remembered: twice as many at most. Who fills it makes us forget, not grow. */
const generation = 10_000;
const longestNonce = 256;

/**
 * Passwords that the PBX refused to phones. Behind us it sees one address and can ban nobody; its own nonces, which pass
 * here, prove who is at the other end.
 */
export class RefusedLogins {
  readonly #security: SecurityReports;
  /** The address to which a nonce of the PBX went. */
  readonly #sentTo = new Recent<string>(generation);

  constructor(security: SecurityReports) {
    this.#security = security;
  }

  /** The answer of a PBX to a phone's request. */
  heard(request: SipRequest, response: RelayedResponse): void {
    const { status } = response;
    if (status !== 401 && status !== 407 && status !== 403) return;
    const challenges = readAll(response, ['WWW-Authenticate', 'Proxy-Authenticate']);
    // RFC 7616 3.3: the password may be right
    const isStale = challenges.some(({ stale }) => stale?.toLowerCase() === 'true');
    if (!isStale) this.#judge(request, status);
    const { address } = request.flow.remote;
    for (const { nonce = '' } of challenges) {
      if (nonce !== '' && nonce.length <= longestNonce) this.#sentTo.set(detached(nonce), address);
    }
  }

  #judge(request: SipRequest, status: number): void {
    const { method, flow } = request;
    // The dialplan may say 403 to any call. To a REGISTER FreeSWITCH says it for a wrong password, Asterisk for one phone too many.
    if (status === 403 && method !== 'REGISTER') return;
    const { address } = flow.remote;
    for (const { nonce = '', username = '' } of readAll(request, ['Authorization', 'Proxy-Authorization'])) {
      const home = this.#sentTo.get(nonce);
      // A nonce that never went out here may simply be old.
      if (home === undefined) continue;
      const suspect = { address, proven: home === address || isStream(flow.transport) };
      const event = status === 403 ? 'not-allowed' : 'auth-failed';
      const detail = `${method}, refused by the PBX`;
      this.#security.report(event, suspect, { user: username, detail });
      return;
    }
  }
}

interface Digest {
  readonly nonce: string | undefined;
  readonly username: string | undefined;
  readonly stale: string | undefined;
}

/** What counts here of each Digest header; what cannot be read is left out. */
function readAll(message: Pick<SipRequest, 'headers'>, names: readonly string[]): readonly Digest[] {
  return names
    .flatMap((name) => message.headers(name))
    .flatMap((value) => {
      const read = /^digest[ \t]/i.test(value) ? readParameters(value, 'digest '.length, parameters) : null;
      if (read === null) return [];
      const [nonce, username, stale] = read;
      return [{ nonce, username, stale }];
    });
}

const parameters = ['nonce', 'username', 'stale'];
