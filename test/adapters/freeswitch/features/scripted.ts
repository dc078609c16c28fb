import type { EslCommands } from '../../../../adapters/freeswitch/esl/commands.ts';
import { Fault } from '../../../../src/model/errors.ts';

export interface Sent {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The event socket in a test's hand: replies at once, or when the test says so. */
export class ScriptedEsl implements EslCommands {
  /** `api` commands, in order. */
  readonly asked: string[] = [];
  readonly sent: Sent[] = [];
  /** The reply to an `api` command. */
  answer: (command: string) => string = () => '-ERR no reply';
  /** While true, `sendEvent` waits for `release`. */
  held = false;
  /** The connection is lost. */
  broken = false;
  #waiting: (() => void)[] = [];

  async api(command: string, args = ''): Promise<string> {
    this.#check();
    this.asked.push(`${command} ${args}`);
    return this.answer(`${command} ${args}`);
  }

  async sendEvent(name: string, headers: Readonly<Record<string, string>>): Promise<string | null> {
    this.#check();
    this.sent.push({ name, headers });
    if (this.held) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#check();
    return `uuid-${this.sent.length}`;
  }

  /** Answers all that wait. */
  release(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  #check(): void {
    if (this.broken) throw new Fault('pbx-unreachable', 'the event socket is closed');
  }
}
