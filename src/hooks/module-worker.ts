import { pathToFileURL } from 'node:url';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type HookCall, hookCalls } from '../model/hook.ts';
import { longestAnswer } from './line.ts';

/** To the worker. A `ping` is answered by `pong`, unless a function of the module never returns. */
export type ModuleOrder =
  | { readonly order: 'ask'; readonly id: number; readonly call: HookCall; readonly message: object }
  | { readonly order: 'ping' };

/** From the worker. */
export type ModuleReport =
  | { readonly report: 'loaded'; readonly calls: readonly HookCall[] }
  | { readonly report: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly report: 'fault'; readonly id: number; readonly reason: string }
  | { readonly report: 'pong' };

type Answer = (message: object) => unknown;

/** More of it nobody reads; characters. */
const longestReason = 1000;

/** Loads the admin's module once, and calls its functions. */
async function run(port: MessagePort, path: string): Promise<void> {
  const send = (report: ModuleReport) => port.postMessage(report);
  const loaded = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const functions = new Map<HookCall, Answer>();
  for (const call of hookCalls) {
    const found = loaded[call];
    if (typeof found === 'function') functions.set(call, found as Answer);
  }
  if (functions.size === 0) throw new Error(`exports none of the functions ${hookCalls.join(', ')}`);
  port.on('message', (order: ModuleOrder) => {
    if (order.order === 'ping') send({ report: 'pong' });
    else void answer(functions.get(order.call), order).then(send);
  });
  send({ report: 'loaded', calls: [...functions.keys()] });
}

/** Never rejects. What crosses is JSON, so that every kind of hook can say the same. */
async function answer(
  act: Answer | undefined,
  { id, message }: Extract<ModuleOrder, { order: 'ask' }>,
): Promise<ModuleReport> {
  try {
    const said = JSON.stringify((await act?.(message)) ?? null);
    if (said.length > longestAnswer) throw new Error(`an answer of more than ${longestAnswer} characters`);
    return { report: 'answer', id, answer: JSON.parse(said) };
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { report: 'fault', id, reason: reason.slice(0, longestReason) };
  }
}

if (parentPort !== null) await run(parentPort, (workerData as { readonly path: string }).path);
