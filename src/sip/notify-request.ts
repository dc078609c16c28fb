import type { DialogState } from './dialog.ts';
import type { AddressedRequest, HeaderList } from './engine.ts';
import type { NotifyMessage, SubscriptionStateHeader } from './front.ts';

/**
 * The NOTIFY of a dialog (RFC 3261 12.2.1.1, RFC 6665 4.2.2). COMPAT(phones with small buffers, UDP): nothing that is
 * not asked for, so no Allow and no Supported. `contact`: with angle brackets.
 */
export function notifyRequest(
  dialog: DialogState,
  cseq: number,
  contact: string,
  message: NotifyMessage,
): AddressedRequest {
  const { contentType } = message;
  const request: AddressedRequest = {
    method: 'NOTIFY',
    uri: dialog.remoteTarget,
    from: dialog.localParty,
    to: dialog.remoteParty,
    callId: dialog.callId,
    cseq,
    routeSet: dialog.routeSet,
    headers: headersOf(contact, message),
    body: contentType === null ? '' : message.content,
    flow: dialog.flow,
    awaited: message.awaited,
  };
  return message.dialogLives === true ? { ...request, dialogLives: true } : request;
}

function headersOf(contact: string, message: NotifyMessage): HeaderList {
  const { headers: further = none, contentType, subscription } = message;
  const tag = further[0];
  const at = ['Contact', contact] as const;
  const event = ['Event', eventOf(message)] as const;
  const state = ['Subscription-State', subscriptionState(subscription)] as const;
  if (contentType === null) return [at, event, state, ...further];
  const type = ['Content-Type', contentType] as const;
  // nearly every NOTIFY has one more: a list that grows takes room for 22
  if (tag !== undefined && further.length === 1) return [at, event, state, tag, type];
  return [at, event, state, ...further, type];
}

const none: HeaderList = [];

/** E65-12, E65-20: the package and the `id` of the SUBSCRIBE, and what the package adds (RFC 6665 5.4.2). */
function eventOf({ event, eventId, eventParams }: NotifyMessage): string {
  let text = eventId === null ? event : `${event};id=${eventId}`;
  if (eventParams === undefined) return text;
  for (const [name, value] of Object.entries(eventParams)) text += `;${name}=${value}`;
  return text;
}

/** RFC 6665 8.2.3: terminated carries no expires, the others must (E65-12). */
function subscriptionState({ state, expires, reason, retryAfter, params }: SubscriptionStateHeader): string {
  const left = state === 'terminated' || expires === undefined ? '' : `;expires=${expires}`;
  const why = reason === undefined ? '' : `;reason=${reason}`;
  const plain = `${state}${left}${why}${retryAfter === undefined ? '' : `;retry-after=${retryAfter}`}`;
  if (params === undefined) return plain;
  return Object.entries(params).reduce((line, [name, value]) => `${line};${name}=${value}`, plain);
}

/** The engine's part: Via with an IPv6 sent-by and a long branch, User-Agent, Max-Forwards, Content-Length, empty line. */
const engineBytes = 220 + 'Max-Forwards: 70\r\n'.length + 'Content-Length: 65536\r\n'.length + '\r\n'.length;
/** A multipart type with its boundary and type parameters is the longest that is sent. */
const contentTypeBytes = 130;

/** Bytes of `request` on the wire before any body, rounded up: Content-Type and what the engine adds are counted in. */
export function headBytes(request: AddressedRequest): number {
  const lines = [
    `${request.method} ${request.uri} SIP/2.0`,
    `From: ${request.from}`,
    `To: ${request.to}`,
    `Call-ID: ${request.callId}`,
    `CSeq: ${request.cseq} ${request.method}`,
    ...request.routeSet.map((route) => `Route: ${route}`),
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return lines.reduce((bytes, line) => bytes + line.length + 2, engineBytes + contentTypeBytes);
}
