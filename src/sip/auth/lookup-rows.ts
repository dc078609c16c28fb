import { sourceNetwork } from '../embedded/address.ts';

/** A question to the PBX, until it is asked in some row. */
export interface Waiting {
  /** False: it was asked already, or nobody waits for its answer any more. */
  readonly wanted: boolean;
  /** Asks. `done`: the PBX has answered, or certainly will not any more. */
  ask(done: () => void): void;
}

interface Row {
  asked: number;
  waiting: Waiting[];
}

/** Questions of one source at the PBX: FreeSWITCH answers one after the other, and a directory that is a script slowly. */
const mostAsked = 4;
/** Questions of one source that wait for those. */
const mostWaiting = 500;
/** Of all sources. */
const mostOfAll = { asked: 500, waiting: 5_000 };

/**
 * Who asks for many users waits behind himself. Without rows a stranger with a hundred names a second, of users or not,
 * would fill the link to a PBX that takes 10 ms for each: nobody logs in any more, and no key is set. In a row the last
 * comes first: where there is no time for all, the first would be asked when nobody waits for them any more.
 */
export class LookupRows {
  /** By source; only those with something to do. */
  readonly #rows = new Map<string, Row>();
  #asked = 0;
  #waiting = 0;

  /** Asks at once, or when it is its turn. False: there is no room for it. `address`: of the source. */
  put(address: string, question: Waiting): boolean {
    const source = sourceNetwork(address);
    const row = this.#rows.get(source) ?? { asked: 0, waiting: [] };
    if (row.waiting.includes(question)) return true;
    if (row.asked < mostAsked || (row.asked < mostOfAll.asked && isThisHost(address))) {
      if (this.#asked >= mostOfAll.asked) return false;
      this.#rows.set(source, row);
      this.#ask(source, row, question);
      return true;
    }
    if (row.waiting.length >= mostWaiting) this.#clear(row);
    if (row.waiting.length >= mostWaiting || this.#waiting >= mostOfAll.waiting) return false;
    row.waiting.push(question);
    this.#waiting += 1;
    return true;
  }

  #ask(source: string, row: Row, question: Waiting): void {
    row.asked += 1;
    this.#asked += 1;
    question.ask(() => {
      row.asked -= 1;
      this.#asked -= 1;
      this.#next(source, row);
    });
  }

  #next(source: string, row: Row): void {
    for (let question = row.waiting.pop(); question !== undefined; question = row.waiting.pop()) {
      this.#waiting -= 1;
      if (!question.wanted) continue;
      this.#ask(source, row, question);
      return;
    }
    if (row.asked === 0) this.#rows.delete(source);
  }

  #clear(row: Row): void {
    const wanted = row.waiting.filter((question) => question.wanted);
    this.#waiting -= row.waiting.length - wanted.length;
    row.waiting = wanted;
  }
}

/** A proxy of this host speaks for everybody, as in `sip.limits`. */
function isThisHost(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./i.test(address);
}
