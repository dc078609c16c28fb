/** SUBSCRIBEs of two seconds that are no crowd: a desk with a row of lamp keys, or a few desks, come back as they like. */
const few = 20;

/** Tells whether SUBSCRIBEs come many at once, as after a power cut: only then are they spread. */
export class Crowd {
  #second = 0;
  #count = 0;
  #before = 0;

  /** Counts one more. True: with it there are more than `few`. `now`: ms. */
  joins(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#before = second === this.#second + 1 ? this.#count : 0;
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#before + this.#count > few;
  }
}
