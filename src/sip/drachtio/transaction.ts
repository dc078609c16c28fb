import type { ServerTransaction, SipAnswer, SipRequest } from '../engine.ts';

/** One request of the network, answered once. */
export class DrachtioTransaction implements ServerTransaction {
  readonly request: SipRequest;
  readonly #answer: (answer: SipAnswer) => void;
  #answered = false;

  constructor(request: SipRequest, answer: (answer: SipAnswer) => void) {
    this.request = request;
    this.#answer = answer;
  }

  respond(answer: SipAnswer): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#answer(answer);
  }
}
