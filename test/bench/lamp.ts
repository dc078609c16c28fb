import { base, type Generator, type PhaseReport } from './generator.ts';
import type { Server } from './server.ts';

/** Turns the lamp of the first extension: rings, hangs up, rings … */
export type Turn = () => Promise<unknown>;

/** Over the daemon's API. */
export function lampOf(server: Server): Turn {
  let call: string | null = null;
  return async () => {
    if (call === null) {
      const placed = { from: String(base + 1), to: String(base) };
      call = (await server.api<{ id: string }>('/api/v1/simulator/call', placed)).id;
    } else {
      await server.api('/api/v1/simulator/hangup', { id: call });
      call = null;
    }
  };
}

/** Longer than a phone must be left in peace between two changes (RFC 4235 3.10); ms. */
export const betweenTurns = 1_300;

/** A change that `watchers` phones are told; `asked`: just before it, as the report counts time. */
export async function turned(
  generator: Generator,
  watchers: number,
  turn: Turn,
): Promise<{ readonly asked: number; readonly report: PhaseReport }> {
  let asked = 0;
  const report = await generator.watch({ count: watchers, timeout: 10_000 }, () => {
    asked = Number(process.hrtime.bigint());
    return turn();
  });
  if (report.told < watchers) throw new Error(`only ${report.told} of ${watchers} phones were told`);
  return { asked, report };
}
