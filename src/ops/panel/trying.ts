/** The hand on a simulated PBX. */
export const trying = `
import { ask } from './api.js';
import { element } from './grid.js';

const key = 'lamplighter-calls';
let started = false;

export function startTrying(at, complain) {
  if (started) return;
  started = true;
  at('try').hidden = false;
  // Kept for this tab, so that a reload does not leave calls nobody can end.
  let calls = JSON.parse(sessionStorage.getItem(key) || '[]');

  const keep = (next) => {
    calls = next;
    sessionStorage.setItem(key, JSON.stringify(calls));
    at('calls').replaceChildren(...calls.map(row));
  };
  const change = (call, more) => keep(calls.map((one) => (one.id === call.id ? { ...one, ...more } : one)));

  async function act(name, body, done) {
    try {
      done(await ask('POST', '/api/v1/simulator/' + name, body));
      at('problem').hidden = true;
    } catch (error) {
      if (error.code === 'unknown-call') keep(calls.filter((one) => one.id !== body.id));
      else complain(error);
    }
  }

  function button(text, label, pressed) {
    const node = element('button', '', text);
    node.type = 'button';
    node.setAttribute('aria-label', text + ', ' + label);
    node.addEventListener('click', pressed);
    return node;
  }

  function row(call) {
    const { id } = call;
    const label = call.from + ' to ' + call.to;
    const node = element('li');
    node.append(element('span', '', call.from + ' → ' + call.to));
    if (!call.answered) node.append(button('Answer', label, () => act('answer', { id }, () => change(call, { answered: true }))));
    else {
      const name = call.held ? 'resume' : 'hold';
      const text = call.held ? 'Resume' : 'Hold (by ' + call.to + ')';
      node.append(button(text, label, () => act(name, { id, by: call.to }, () => change(call, { held: !call.held }))));
    }
    node.append(button('Hang up', label, () => act('hangup', { id }, () => keep(calls.filter((one) => one.id !== id)))));
    return node;
  }

  at('call-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const body = { from: String(form.get('from')).trim(), to: String(form.get('to')).trim() };
    const fromName = String(form.get('fromName')).trim();
    if (fromName !== '') body.fromName = fromName;
    act('call', body, ({ id }) => keep([...calls, { id, from: body.from, to: body.to }]));
  });
  keep(calls);
}
`;
