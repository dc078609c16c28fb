import type { Subscription } from '../words/shapes.ts';
import { Badge } from './note.tsx';

/** What became of the last NOTIFY, in words. */
export function Answer({ of }: { readonly of: Subscription }) {
  const { lastNotifyAt, lastStatus } = of;
  if (lastNotifyAt === null) return <Badge level="plain">none sent yet</Badge>;
  if (lastStatus === null) return <Badge level="plain">under way</Badge>;
  if (lastStatus === 408) return <Badge level="fail">no answer (408)</Badge>;
  return <Badge level={lastStatus < 300 ? 'ok' : 'fail'}>{lastStatus}</Badge>;
}
