import type { Authenticator, AuthMemory } from './authenticator.ts';

/** The authenticator at work: another one may take its place between two requests. */
export class ExchangeableAuthenticator implements Pick<Authenticator, 'check' | 'issued'> {
  #now: Authenticator;

  constructor(first: Authenticator) {
    this.#now = first;
  }

  /** Of the present one, for the next. */
  get memory(): AuthMemory {
    return this.#now.memory;
  }

  exchange(next: Authenticator): void {
    this.#now = next;
  }

  readonly check: Authenticator['check'] = (request, from) => this.#now.check(request, from);

  readonly issued: Authenticator['issued'] = (nonce, domain) => this.#now.issued(nonce, domain);
}
