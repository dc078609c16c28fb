/** What the writer of a torture message knows: the same in the parser's test and on the wire. */
export interface Desk {
  /** An extension of the domain. */
  readonly user: string;
  /** The port the message is sent from, on 127.0.0.1. */
  readonly port: number;
  readonly callId: string;
  /** Without the magic cookie. */
  readonly branch: string;
  /** The value of Authorization; null: none is sent. */
  readonly authorization: string | null;
}

export const domain = 'lamplighter.test';
export const someDesk: Desk = { user: '2000', port: 5070, callId: 'torture@desk', branch: 'x1', authorization: null };

/** How one message differs from a plain SUBSCRIBE of the desk to its own lamp. Latin-1: one character is one byte. */
export interface Draft {
  /** Default SUBSCRIBE. */
  readonly method?: string;
  /** Default: the desk's own extension. */
  readonly uri?: string;
  /** The whole start line, where it is not `method uri SIP/2.0`. */
  readonly start?: string;
  /** Header values to write instead of the usual; a list: one line each; null: no such line. */
  readonly lines?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: string;
  /** The last word: the text as it goes out. */
  readonly edit?: (text: string) => string;
}

export function methodOf(draft: Draft): string {
  return draft.method ?? 'SUBSCRIBE';
}

export function uriOf(draft: Draft, desk: Desk): string {
  return draft.uri ?? `sip:${desk.user}@${domain}`;
}

/** The bytes of a draft, Latin-1. */
export function write(draft: Draft, desk: Desk, transport: 'udp' | 'tcp'): string {
  const { body = '', lines = {}, edit = (text: string) => text } = draft;
  const method = methodOf(draft);
  const usual: Draft['lines'] = {
    Via: `SIP/2.0/${transport.toUpperCase()} 127.0.0.1:${desk.port};branch=z9hG4bK${desk.branch};rport`,
    'Max-Forwards': '70',
    From: `<sip:${desk.user}@${domain}>;tag=desk`,
    To: `<sip:${desk.user}@${domain}>`,
    'Call-ID': desk.callId,
    CSeq: `1 ${method}`,
    Contact: `<sip:${desk.user}@127.0.0.1:${desk.port}>`,
    ...(method === 'SUBSCRIBE' ? { Event: 'dialog', Expires: '600' } : {}),
    ...(desk.authorization === null ? {} : { Authorization: desk.authorization }),
    'Content-Length': String(body.length),
    ...lines,
  };
  const written = Object.entries(usual).flatMap(([name, value]) =>
    (value === null ? [] : [value].flat()).map((one) => `${name}: ${one}`),
  );
  return edit([draft.start ?? `${method} ${uriOf(draft, desk)} SIP/2.0`, ...written, '', body].join('\r\n'));
}

/** Replaces text that must be there. */
export function put(text: string, from: string | RegExp, to: string): string {
  const edited = text.replace(from, () => to);
  if (edited === text) throw new Error(`nothing to replace: ${from}`);
  return edited;
}
