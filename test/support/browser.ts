import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const programs = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** null: there is no browser on this machine. */
export function browserProgram(): string | null {
  return programs.find((path) => existsSync(path)) ?? null;
}

type Json = Readonly<Record<string, unknown>>;
type Told = (params: Json) => void;

interface Waiting {
  resolve(result: Json): void;
  reject(error: Error): void;
}

/** A Chromium without a window, driven by its DevTools protocol over a WebSocket. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #socket: WebSocket;
  readonly #folder: string;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Told>();
  #lastId = 0;

  private constructor(child: ChildProcess, socket: WebSocket, folder: string) {
    this.#child = child;
    this.#socket = socket;
    this.#folder = folder;
    socket.on('message', (data: Buffer) => this.#take(JSON.parse(data.toString()) as Json));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser has gone'));
      this.#waiting.clear();
    });
  }

  static async launch(program: string): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'lamplighter-browser-'));
    const child = spawn(
      program,
      [
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${folder}`,
        // root may not use it otherwise, as in CI
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-dev-shm-usage',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-extensions',
        '--no-first-run',
        '--mute-audio',
        '--hide-scrollbars',
        '--js-flags=--expose-gc',
        'about:blank',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const lines: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        const [, url] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
        if (url !== undefined) resolve(url);
      });
      child.once('exit', (code) => reject(new Error(`the browser ended with ${code}:\n${lines.join('\n')}`)));
    });
    const socket = new WebSocket(address, { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });
    await once(socket, 'open');
    return new Browser(child, socket, folder);
  }

  async page(url: string, size: { readonly width?: number; readonly height?: number } = {}): Promise<Page> {
    // A context of its own: nothing stored is shared with another page.
    const { browserContextId } = await this.send('Target.createBrowserContext');
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, String(sessionId), String(targetId));
    await page.start(url, size.width ?? 1280, size.height ?? 800);
    return page;
  }

  send(method: string, params: Json = {}, sessionId?: string): Promise<Json> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject: (error) => reject(new Error(`${method}: ${error.message}`)) });
    });
  }

  listen(sessionId: string, told: Told): void {
    this.#listeners.set(sessionId, told);
  }

  async close(): Promise<void> {
    const gone = this.#child.exitCode === null ? once(this.#child, 'exit') : Promise.resolve();
    await this.send('Browser.close').catch(() => undefined);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
    this.#socket.terminate();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #take(message: Json): void {
    if (typeof message['id'] !== 'number') {
      this.#listeners.get(String(message['sessionId']))?.(message);
      return;
    }
    const waiting = this.#waiting.get(message['id']);
    this.#waiting.delete(message['id']);
    const error = message['error'] as { message: string } | undefined;
    if (error === undefined) waiting?.resolve((message['result'] ?? {}) as Json);
    else waiting?.reject(new Error(error.message));
  }
}

/** Keys that type nothing. */
const keyCodes: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};

/** One page of it, as somebody who looks and presses uses it. */
export class Page {
  readonly #browser: Browser;
  readonly #session: string;
  readonly #target: string;
  /** What went wrong in the page: exceptions, refusals of its policy, errors on its console. */
  readonly problems: string[] = [];

  constructor(browser: Browser, session: string, target: string) {
    this.#browser = browser;
    this.#session = session;
    this.#target = target;
    browser.listen(session, (message) => this.#hear(message));
  }

  async start(url: string, width: number, height: number): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log', 'Performance']) await this.send(`${domain}.enable`);
    await this.resize(width, height);
    await this.open(url);
  }

  send(method: string, params: Json = {}): Promise<Json> {
    return this.#browser.send(method, params, this.#session);
  }

  async open(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await this.until('the page is loaded', "document.readyState === 'complete'");
  }

  async resize(width: number, height: number): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async colours(scheme: 'light' | 'dark'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  }

  /** The value of an expression; promises are waited for. */
  async evaluate<T = unknown>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits for what is true some time; answers it. */
  async until<T = unknown>(what: string, expression: string, timeoutMs = 20_000): Promise<T> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const value = await this.evaluate<T>(expression).catch(() => null);
      if (value) return value;
      if (Date.now() > end) {
        const text = await this.evaluate<string>('document.body.innerText').catch(() => '?');
        throw new Error(`never happened: ${what}\n${this.problems.join('\n')}\nThe page:\n${text.slice(0, 2000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Of the first that fits, as soon as it has been drawn: what has not come into view yet has none (content-visibility). */
  async text(selector: string): Promise<string> {
    return this.until<string>(
      `${selector} says something`,
      `document.querySelector(${JSON.stringify(selector)})?.innerText`,
    );
  }

  /** A press on the middle of the first that fits, as the pointer does it. */
  async click(selector: string): Promise<void> {
    const at = await this.until<{ x: number; y: number }>(
      `there is ${selector}`,
      `(() => {
        const found = document.querySelector(${JSON.stringify(selector)});
        found?.scrollIntoView({ block: 'center' });
        const box = found?.getBoundingClientRect();
        return box && box.width > 0 ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : null;
      })()`,
    );
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 });
    }
  }

  async press(key: string, modifiers: { readonly shift?: boolean } = {}): Promise<void> {
    const code = keyCodes[key];
    const text = key === 'Enter' ? '\r' : code === undefined ? key : undefined;
    const event = { key, code: key, windowsVirtualKeyCode: code, modifiers: modifiers.shift ? 8 : 0 };
    await this.send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...event, text });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text });
  }

  /** Bytes of script objects that are still in use, and elements and texts that are. */
  async inUse(): Promise<{ readonly heap: number; readonly nodes: number; readonly listeners: number }> {
    await this.send('HeapProfiler.collectGarbage');
    await this.send('HeapProfiler.collectGarbage');
    const { metrics } = (await this.send('Performance.getMetrics')) as { metrics: { name: string; value: number }[] };
    const of = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
    return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
  }

  /** The whole page where `full`, else what is on the screen. */
  async screenshot(path: string, full = false): Promise<void> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full });
    writeFileSync(path, Buffer.from(String(data), 'base64'));
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.#target });
  }

  #hear({ method, params }: Json): void {
    const told = params as {
      exceptionDetails?: { text: string; exception?: { description?: string } };
      entry?: { level: string; text: string; url?: string };
    };
    if (method === 'Runtime.exceptionThrown') {
      this.problems.push(told.exceptionDetails?.exception?.description ?? told.exceptionDetails?.text ?? '?');
    }
    if (method === 'Log.entryAdded' && told.entry?.level === 'error') {
      this.problems.push(`${told.entry.text} ${told.entry.url ?? ''}`);
    }
  }
}
