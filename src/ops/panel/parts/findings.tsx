import { typed } from '../data/session.ts';
import type { Checked } from '../words/shapes.ts';
import { Badge } from './note.tsx';

const urgency = { fail: 0, warn: 1, ok: 2 } as const;
const words = { fail: 'fails', warn: 'look', ok: 'well' } as const;

/** What checks found, the worst first, each with its fix. */
export function Findings({ list }: { readonly list: readonly Checked[] }) {
  const sorted = [...list].sort((a, b) => urgency[a.level] - urgency[b.level]);
  return (
    <ul class="checks">
      {sorted.map((one) => (
        <li key={one.check + one.text}>
          <Badge level={one.level}>{words[one.level]}</Badge>
          <div>
            <b>{one.check}</b> {one.text}
            {one.fix && <p class="fix">Fix: {typed(one.fix)}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
