import { useComputed, useSignal } from '@preact/signals';
import { now } from '../data/session.ts';
import { clockText, spanText } from '../words/times.ts';

/** How long something lasts, counting; draws its own text and nothing around it. */
export function Lasting({ since }: { readonly since: string }) {
  const start = useSignal(since);
  start.value = since;
  const text = useComputed(() => spanText(now.value - Date.parse(start.value)));
  return <time dateTime={since}>{text}</time>;
}

/** The time of day, with the day where that is another; how long ago as its title. */
export function At({ iso }: { readonly iso: string | null }) {
  if (iso === null) return <>–</>;
  return (
    <time dateTime={iso} title={iso}>
      {clockText(iso, Date.now())}
    </time>
  );
}

/** `in 12:03`, `over`. */
export function Until({ iso }: { readonly iso: string }) {
  const end = useSignal(iso);
  end.value = iso;
  const text = useComputed(() => {
    const left = Date.parse(end.value) - now.value;
    return left <= 0 ? 'over' : `in ${spanText(left)}`;
  });
  return (
    <time dateTime={iso} title={iso}>
      {text}
    </time>
  );
}
