import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Browser, browserProgram, type Page } from '../support/browser.ts';
import { Daemon, Home } from '../support/daemon.ts';
import { Phone } from '../support/phone.ts';
import { lastingPort } from '../support/ports.ts';
import { orRequired } from './required.ts';

const program = browserProgram();

/** Why the panel is not tried in a browser on this machine; null where it is. */
export const skip = orRequired(program === null ? 'Chromium (Debian: chromium)' : null);

/** A test that needs a browser. */
export function it(name: string, work: (t: TestContext) => Promise<void>): void {
  test(name, { skip: skip ?? false }, work);
}

interface Wanted {
  /** As the configuration writes them. */
  readonly extensions?: string;
  /** More lines of the section `http`. */
  readonly http?: (home: Home) => string;
}

/** A daemon with a simulated PBX, and a browser to look at it. */
export class Show {
  readonly browser: Browser;
  readonly #home: Home;
  readonly #config: string;
  daemon: Daemon;

  private constructor(browser: Browser, home: Home, config: string, daemon: Daemon) {
    this.browser = browser;
    this.#home = home;
    this.#config = config;
    this.daemon = daemon;
  }

  static async open({ extensions = '1001-1010', http = () => '' }: Wanted = {}): Promise<Show> {
    const home = new Home();
    const config = home.write(
      'lamplighter.yaml',
      `version: 1
domain: lamplighter.test
sip:
  listen: [udp:127.0.0.1:0, tcp:127.0.0.1:0]
pbx:
  - { name: demo, type: simulated, extensions: ['${extensions}'] }
groups:
  - { name: front, extensions: '100[1-3]' }
store: { path: ${home.path('lamplighter.db')} }
http:
  # kept, so that a page finds a restarted Lamplighter where it was
  listen: 127.0.0.1:${await lastingPort()}
  # tests press faster than people
  rate: { perSecond: 0 }
${http(home)}
`,
    );
    const daemon = await Daemon.start(config);
    const browser = await Browser.launch(program ?? '');
    return new Show(browser, home, config, daemon);
  }

  /** Opens a view, and waits until it has its state. */
  async page(hash = '#/', size: { readonly width?: number; readonly height?: number } = {}): Promise<Page> {
    const page = await this.browser.page(`${this.daemon.http}/${hash}`, size);
    await page.until('the page is live', isLive);
    return page;
  }

  async restart(): Promise<void> {
    await this.daemon.stop();
    this.daemon = await Daemon.start(this.#config);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.daemon.stop();
    this.#home.remove();
  }

  /** One thing done to the simulated PBX. */
  async simulate<T = { id: string }>(action: string, body: object): Promise<T> {
    const answer = await this.daemon.api<T>(`/api/v1/simulator/${action}`, { method: 'POST', body });
    assert.equal(answer.status, 200, `${action}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}

export const isLive = "document.querySelector('#connection')?.innerText.includes('live')";

/** The card of an extension, as an expression. */
export function card(ext: string): string {
  return `document.querySelector('.card[data-aor="${ext}@lamplighter.test"]')`;
}

/** A phone of the demo's that has not subscribed yet. */
export function phoneOf(show: Show, user: string, userAgent = 'Example Phone 1.0'): Promise<Phone> {
  return Phone.open({
    user,
    password: `secret${user}`,
    domain: 'lamplighter.test',
    server: { host: '127.0.0.1', port: show.daemon.udpPort, transport: 'udp' },
    userAgent,
  });
}
