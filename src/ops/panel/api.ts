/** Asks the API, and follows the event stream for ever. */
export const api = `
import { eventReader } from './words.js';

const silence = 40000;
const pause = 2000;
const tokenKey = 'lamplighter-token';

// EventSource could not send the token, so the stream is read by fetch.
function headers() {
  const token = sessionStorage.getItem(tokenKey);
  return token === null ? {} : { Authorization: 'Bearer ' + token };
}

export function keepToken(token) {
  sessionStorage.setItem(tokenKey, token);
}

export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export async function ask(method, path, body) {
  const init = { method, headers: headers(), cache: 'no-store' };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init);
  const value = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (answer.ok) return value;
  const error = (value && value.error) || { code: 'http', message: 'the server answered ' + answer.status };
  throw new Refused(answer.status, error.code, error.message);
}

// Runs connected() each time the stream is open, told(event) for each event, lost(error) when it ends.
export async function follow({ connected, told, lost }) {
  for (;;) {
    const stop = new AbortController();
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), silence);
    };
    try {
      alive();
      const answer = await fetch('/api/v1/events', { headers: headers(), cache: 'no-store', signal: stop.signal });
      if (!answer.ok) throw new Refused(answer.status, 'http', 'the server answered ' + answer.status);
      // Events that come while the lists are read wait, and are put on top of them: each holds the whole extension.
      let waiting = [];
      const read = eventReader((event) => (waiting === null ? told(event) : waiting.push(event)));
      const loaded = connected().then(() => {
        for (const event of waiting) told(event);
        waiting = null;
      });
      loaded.catch(() => stop.abort());
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        alive();
        read(value);
      }
      await loaded;
      await lost(null);
    } catch (error) {
      await lost(error);
    }
    clearTimeout(timer);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
`;
