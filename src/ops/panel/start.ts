/**
 * The panel's scripts, as the browser gets them: plain modules, no framework, no build. They stand as strings in this folder
 * because the compiler copies no other files. Whatever came from the network (names, numbers, reasons) becomes text by
 * `textContent` only; a test forbids every way of writing markup.
 */
export const start = `
import { ask, follow, keepToken } from './api.js';
import { element, Grid } from './grid.js';
import { emptyText, featureWords, placeText, summaryText } from './words.js';
import { startTrying } from './trying.js';

const at = (id) => document.getElementById(id);
let loginOpen = null;

function complain(error) {
  at('problem-text').textContent = error.message;
  at('problem').hidden = false;
}

at('problem-close').addEventListener('click', () => {
  at('problem').hidden = true;
});

// The key shows what the PBX holds, never what was pressed: the answer and the event stream say when it changed.
async function wish(extension, feature, body, button) {
  button.setAttribute('aria-busy', 'true');
  try {
    const path = '/api/v1/extensions/' + encodeURIComponent(extension.aor) + '/features/' + feature;
    await ask('PUT', path, body);
    at('problem').hidden = true;
  } catch (error) {
    complain(error);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

let forward = null;

function pressed(extension, feature, button) {
  const value = extension.features[feature];
  if (feature === 'dnd' || value.enabled) return wish(extension, feature, { enabled: !value.enabled }, button);
  forward = { extension, feature, button };
  at('forward-title').textContent = extension.ext + placeText(extension, grid.domain) + ': forward, ' + featureWords[feature].toLowerCase();
  at('forward-target').value = value.target || '';
  at('forward-rings-label').hidden = feature !== 'cfna';
  at('forward-rings').value = value.ringCount || '';
  at('forward').showModal();
}

at('forward-cancel').addEventListener('click', () => at('forward').close());
at('forward-form').addEventListener('submit', () => {
  const body = { enabled: true, target: at('forward-target').value.trim() };
  const rings = at('forward-rings').value;
  if (forward.feature === 'cfna' && rings !== '') body.ringCount = Number(rings);
  wish(forward.extension, forward.feature, body, forward.button);
});

const grid = new Grid(at('grid'), pressed, (all, shown) => {
  const busy = all.filter((one) => one.dialogs.length > 0).length;
  at('summary').textContent = summaryText(all.length, busy, shown);
  at('empty').hidden = shown > 0;
  at('empty').textContent = emptyText(all.length, grid.filter);
  at('known').replaceChildren(...all.slice(0, 500).map((one) => {
    const option = element('option');
    option.value = one.ext + placeText(one, grid.domain);
    return option;
  }));
});

at('filter').addEventListener('input', (event) => grid.search(event.target.value));

function pill(text, state, reason) {
  const node = element('li', 'pill', text);
  node.dataset.state = state;
  if (reason) node.title = reason;
  return node;
}

async function status() {
  const now = await ask('GET', '/api/v1/status');
  const more = now.domains.length > 1 ? ' and ' + (now.domains.length - 1) + ' more' : '';
  at('domain').textContent = now.domain + more + ' · ' + now.version;
  at('domain').title = now.domains.join(', ');
  grid.usual(now.domain);
  at('links').replaceChildren(
    pill(now.ready ? 'ready' : 'not ready', now.ready ? 'up' : 'down'),
    ...now.checks.filter((check) => !check.ok).map((check) => pill(check.name + (check.reason ? ': ' + check.reason : ''), 'down')),
    ...now.links.map((link) => pill(link.source + ' ' + link.state, link.state, link.reason)),
  );
  if (now.simulator) startTrying(at, complain);
}

// What an event said while a list was on its way is newer than the list.
const loads = new Set();

async function load() {
  const newer = new Set();
  loads.add(newer);
  try {
    const list = await ask('GET', '/api/v1/extensions');
    grid.reset(list.map((one) => (newer.has(one.aor) && grid.extensions.get(one.aor)) || one));
  } finally {
    loads.delete(newer);
  }
}

at('login').addEventListener('cancel', (event) => event.preventDefault());

function login() {
  loginOpen ??= new Promise((resolve) => {
    at('login-form').addEventListener('submit', () => {
      keepToken(at('login-token').value.trim());
      at('login-token').value = '';
      loginOpen = null;
      resolve();
    }, { once: true });
    at('login').showModal();
  });
  return loginOpen;
}

follow({
  connected: async () => {
    await Promise.all([status(), load()]);
    at('lost').hidden = true;
  },
  told: ({ event, data }) => {
    const news = JSON.parse(data);
    if (event === 'link') return void status().catch(() => undefined);
    for (const newer of loads) newer.add(news.aor);
    if (news.extension === null) grid.remove(news.aor);
    else grid.put(news.extension);
  },
  lost: async (error) => {
    if (error && error.status === 401) await login();
    else at('lost').hidden = false;
  },
});

// Subscriptions come and go without a change of the extension, and so does readiness.
setInterval(() => {
  if (at('lost').hidden && !document.hidden && loginOpen === null) Promise.all([status(), load()]).catch(() => undefined);
}, 15000);
`;
