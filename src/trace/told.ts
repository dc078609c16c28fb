/** More calls than these are counted only. */
const mostStates = 3;

/** Of an element, by its local name: what stands in it. */
function element(body: string, name: string): string | undefined {
  return new RegExp(`<(?:\\w+:)?${name}(?:\\s[^<>]{0,200})?>\\s*([^<>]{0,64}?)\\s*<`).exec(body)?.[1];
}

/** Several features come in one body as multipart. */
const eachFeature = /(?=<(?:\w+:)?(?:Set)?(?:DoNotDisturb|Forwarding)(?:Event)?[\s>])/;

const switched: Readonly<Record<string, string>> = { true: 'on', false: 'off' };

/**
 * What a body says, in the words of its own format; empty where it says nothing that is known here. For people who look
 * along a ladder: it is read with patterns, as the ring may have kept only its beginning.
 */
export function told(body: string): string {
  const says = [dialogs(body), ...body.split(eachFeature).map(feature), element(body, 'basic'), mailbox(body)];
  return says.filter((one) => one !== undefined && one !== '').join(', ');
}

/** RFC 4235: `early`, `confirmed + terminated`; `no call`. */
function dialogs(body: string): string {
  if (!/<(?:\w+:)?dialog-info[\s>]/.test(body)) return '';
  const states = [...body.matchAll(/<(?:\w+:)?state(?:\s[^<>]{0,200})?>\s*(\w{1,20})\s*</g)].map(([, state]) => state);
  if (states.length === 0) return 'no call';
  const more = states.length > mostStates ? ` + ${states.length - mostStates} more` : '';
  return `${states.slice(0, mostStates).join(' + ')}${more}`;
}

/** as-feature-event: `doNotDisturb on`, `forwardImmediate on to 1002`; what a phone wishes and what it is told alike. */
function feature(body: string): string {
  const dnd = switched[element(body, 'doNotDisturbOn') ?? ''];
  if (dnd !== undefined) return `doNotDisturb ${dnd}`;
  const kind = element(body, 'forwardingType');
  if (kind === undefined) return '';
  const on = switched[element(body, 'forwardStatus') ?? element(body, 'activateForward') ?? ''] ?? '';
  const target = element(body, 'forwardTo') ?? element(body, 'forwardDN') ?? '';
  return [kind, on, target === '' ? '' : `to ${target}`].filter((word) => word !== '').join(' ');
}

/** RFC 3842: new and old, `voice 2/8`. */
function mailbox(body: string): string {
  const [, counts] = /^Voice-Message:\s*(\d{1,9}\/\d{1,9})/im.exec(body) ?? [];
  return counts === undefined ? '' : `voice ${counts}`;
}
