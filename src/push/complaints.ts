/** What is wrong with so many is wrong with the configuration. */
const most = 200;

/** What is worth one line of the log and no second one. */
export class Complaints {
  readonly #said = new Set<string>();

  once(about: string, say: () => void): void {
    if (this.#said.has(about) || this.#said.size >= most) return;
    this.#said.add(about);
    say();
  }
}
