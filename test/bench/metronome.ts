import { existsSync } from 'node:fs';
import type { AdapterFactory } from '../../adapters/adapter.ts';
import { aorOf } from '../../src/model/aor.ts';
import { refused } from '../../src/model/outcome.ts';
import type { Leg, PbxEvent } from '../../src/model/pbx-event.ts';

export interface MetronomeOptions {
  readonly first: number;
  readonly extensions: number;
  /** Events a second. */
  readonly rate: number;
  /** It begins when this file is there, seen from the daemon's working directory. */
  readonly signal: string;
}

const nothing = { readable: false, writable: false, notified: false };

/**
 * A PBX that does one thing: at a fixed rate one extension after the other has another caller on its line. The caller's
 * name is the moment the event was due, in nanoseconds of `process.hrtime`: whatever is late in here counts as latency.
 */
export const adapter: AdapterFactory = (settings, { clock }) => {
  const { first, extensions, rate, signal } = settings.options as MetronomeOptions;
  const { name: source, domain } = settings;
  let stopped = false;

  const event = (count: number, due: number): PbxEvent => {
    const ext = String(first + (count % extensions));
    const leg: Leg = {
      id: `line-${ext}`,
      call: `call-${ext}`,
      phase: 'confirmed',
      direction: 'recipient',
      holding: false,
      remote: { number: '200', name: `stamp ${due}`, presentable: true },
      since: 1,
    };
    return { source, type: 'dialogs', aor: aorOf(ext, domain), legs: [leg] };
  };

  return {
    capabilities: {
      features: { dnd: nothing, cfa: nothing, cfb: nothing, cfna: nothing },
      calls: true,
      registrations: false,
      mailboxes: false,
      tags: false,
    },
    start(tell) {
      const known = Array.from({ length: extensions }, (_, index) => ({
        aor: aorOf(String(first + index), domain),
        displayName: null,
      }));
      tell({ source, type: 'link', state: 'stale', reason: null });
      const snapshot = { extensions: known, dialogs: [], features: [], registrations: [], mailboxes: [] };
      tell({ source, type: 'snapshot', epoch: 'metronome', snapshot });
      tell({ source, type: 'link', state: 'up', reason: null });
      const wait = () => {
        if (stopped) return;
        if (existsSync(signal)) beat(Number(process.hrtime.bigint()), 0);
        else clock.after(50, wait);
      };
      const beat = (began: number, told: number) => {
        if (stopped) return;
        const now = Number(process.hrtime.bigint());
        let count = told;
        for (; began + (count * 1e9) / rate <= now; count++)
          tell(event(count, Math.round(began + (count * 1e9) / rate)));
        clock.after(1, () => beat(began, count));
      };
      wait();
    },
    async stop() {
      stopped = true;
    },
    setFeature: async () => refused('not-writable', 'a metronome has no features'),
    credentials: async () => null,
    digest: () => null,
  };
};
