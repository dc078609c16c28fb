import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, before } from 'node:test';
import { card, isLive, it, Show, skip } from './panel-scene.ts';

/** The event stream through a network that breaks. */
let show: Show;
let network: Network;

before(async () => {
  if (skip !== null) return;
  show = await Show.open();
  network = await Network.open(Number(new URL(show.daemon.http).port));
});
after(async () => {
  await network?.close();
  await show?.close();
});

/** Passes bytes on as long as it holds, and writes down what was asked. */
class Network {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #holds = true;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (!this.#holds) {
        near.destroy();
        return;
      }
      const far = connect(target, '127.0.0.1');
      near.on('data', (data: Buffer) => {
        const [, asked] = /^([A-Z]+ \S+) HTTP/.exec(data.toString('latin1')) ?? [];
        const [, id] = /^last-event-id: (\S+)/im.exec(data.toString('latin1')) ?? [];
        if (asked !== undefined) this.requests.push(id === undefined ? asked : `${asked} after ${id}`);
      });
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.pipe(to);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  static async open(target: number): Promise<Network> {
    const network = new Network(target);
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  break(): void {
    this.#holds = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#holds = true;
  }

  async close(): Promise<void> {
    this.break();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

it('after a break the stream goes on where it ended: what was missed comes, and no list is read again', async () => {
  const page = await show.browser.page(`${network.url}/`);
  await page.until('it lives', isLive);
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  await show.simulate('register', { ext: '1001', registered: false });
  await page.until('it follows', `${card('1001')}.dataset.lamp === 'away'`);
  network.break();
  await page.until('it says so', `document.querySelector('.banner')?.innerText.includes('lost')`);
  await show.simulate('register', { ext: '1002', registered: false });
  await show.simulate('call', { from: '1003', to: '1004' });
  network.requests.length = 0;
  network.mend();
  await page.until('it is back', isLive);
  await page.until(
    'what was missed is shown',
    `${card('1002')}.dataset.lamp === 'away' && ${card('1004')}.dataset.lamp === 'ringing'`,
  );
  assert.ok(
    network.requests.some((one) => /^GET \/api\/v1\/events after \d+-\d+$/.test(one)),
    network.requests.join('\n'),
  );
  assert.deepEqual(
    network.requests.filter((one) => one.startsWith('GET /api/v1/extensions')),
    [],
  );
  await page.close();
});

it('where too much was missed, or another process answers, everything is read again', async () => {
  const page = await show.browser.page(`${network.url}/`);
  await page.until('it lives', isLive);
  await page.until('ten cards', `document.querySelectorAll('.card').length === 10`);
  network.break();
  await page.until('it says so', `document.querySelector('.banner')?.innerText.includes('lost')`);
  await show.restart();
  await show.simulate('register', { ext: '1005', registered: false });
  network.requests.length = 0;
  network.mend();
  await page.until('what changed is shown', `${card('1005')}.dataset.lamp === 'away'`);
  assert.ok(
    network.requests.some((one) => one.startsWith('GET /api/v1/extensions')),
    network.requests.join('\n'),
  );
  await page.close();
});

it('a stream that says nothing any more is given up and opened again', async () => {
  const page = await show.browser.page('about:blank');
  // The page's own clock runs faster, so that its 40 s of silence are over soon.
  await page.send('Page.addScriptToEvaluateOnNewDocument', {
    source: `const real = window.setTimeout; window.setTimeout = (work, ms, ...more) => real(work, ms / 20, ...more);`,
  });
  await page.open(`${network.url}/`);
  await page.until('it lives', isLive);
  network.requests.length = 0;
  // The server's keep-alive comes each 15 s, which is now too late.
  const end = Date.now() + 30_000;
  while (!network.requests.some((one) => one.startsWith('GET /api/v1/events'))) {
    assert.ok(Date.now() < end, 'the stream was never opened again');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await page.until('it lives again', isLive);
  await page.close();
});
