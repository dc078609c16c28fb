import { Worker } from 'node:worker_threads';
import type { Finding } from '../src/model/check.ts';
import { type Clock, within } from '../src/model/clock.ts';
import type { AdapterSettings } from './adapter.ts';
import { adapterKind } from './index.ts';
import type { Order, Report, WorkerData } from './worker.ts';

/** What the way of an order to a worker and back, and loading its libraries, may take; milliseconds. */
const wayMs = 4_000;

/**
 * The checks of a PBX whose adapter does not run, and is not started for them: in a thread that is ended afterwards, with
 * whatever its libraries print or throw. Never rejects. `options` of the settings as the kind's own schema parsed them.
 */
export async function examineOnce(
  type: string,
  settings: AdapterSettings,
  clock: Clock,
  deadlineMs: number,
): Promise<readonly Finding[]> {
  const fail = (text: string): readonly Finding[] => {
    const fix =
      'what answers there is no PBX of this type, or says what it should not: correct type and address of the PBX';
    return [{ check: 'adapter', level: 'fail', text, fix }];
  };
  try {
    // one in this thread is its own PBX
    if (!adapterKind(type).threaded) return [];
  } catch (error) {
    return fail(textOf(error));
  }
  const data: WorkerData = { type, settings };
  const url = new URL('./worker.js', import.meta.url);
  const worker = new Worker(url, { workerData: data, stdout: true, stderr: true, env: {} });
  worker.stdout.resume();
  worker.stderr.resume();
  const answered = new Promise<readonly Finding[]>((resolve) => {
    const order: Order = { order: 'checks', id: 1, deadlineMs };
    worker.on('message', (report: Report) => {
      if (report.report === 'ready') worker.postMessage(order);
      if (report.report === 'answer') resolve(report.value as readonly Finding[]);
      if (report.report === 'fault') resolve(fail(report.message));
    });
    worker.on('error', (error) => resolve(fail(textOf(error))));
    worker.on('exit', () => resolve(fail('the adapter ended')));
  });
  try {
    return await within(clock, deadlineMs + wayMs, answered, () => fail(`no answer within ${deadlineMs / 1000} s`));
  } finally {
    await worker.terminate();
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
