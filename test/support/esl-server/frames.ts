/** The frames of mod_event_socket (FreeSWITCH 1.11), as bytes. */

type Fields = Readonly<Record<string, string>>;

export const authRequest = 'Content-Type: auth/request\n\n';

const goodbye = 'Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n';

export const disconnectNotice = `Content-Type: text/disconnect-notice\nContent-Length: ${goodbye.length}\n\n${goodbye}`;

const goAway = 'Access Denied, go away.\n';

export const rudeRejection = `Content-Type: text/rude-rejection\nContent-Length: ${goAway.length}\n\n${goAway}`;

export function reply(text: string): string {
  return `Content-Type: command/reply\nReply-Text: ${text}\n\n`;
}

/** The answer to `userauth`, from a buffer of 512 bytes: what is too long is cut off together with its end. */
export function userReply(events: string, api: string): string {
  const text = `Reply-Text: +OK accepted\nAllowed-Events: ${events}\nAllowed-API: ${api}\nAllowed-LOG: false\n\n`;
  return `Content-Type: command/reply\n${text.slice(0, 510)}`;
}

/** null: no such command; '': it said nothing. */
export function apiResponse(command: string, text: string | null): string {
  const body = text === null ? `-ERR ${command} Command not found!\n` : text === '' ? '-ERR no reply\n' : text;
  return `Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`;
}

export function eventJson(event: Fields): string {
  const body = JSON.stringify(event);
  return `Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n${body}`;
}
