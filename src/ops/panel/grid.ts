/** One card for each extension; draws only those that changed, once a frame. */
export const grid = `
import { callText, compare, factsText, featureWords, keyText, keyWords, lampOf, lampText, matches, placeText } from './words.js';

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export class Grid {
  constructor(list, pressed, drawn) {
    this.list = list;
    this.pressed = pressed;
    this.drawn = drawn;
    this.filter = '';
    this.domain = '';
    this.extensions = new Map();
    this.cards = new Map();
    this.dirty = new Set();
    this.resort = false;
    this.waiting = false;
  }

  reset(extensions) {
    const seen = new Set(extensions.map((one) => one.aor));
    for (const aor of [...this.extensions.keys()]) if (!seen.has(aor)) this.remove(aor);
    for (const one of extensions) this.put(one);
    this.later();
  }

  put(extension) {
    if (!this.extensions.has(extension.aor)) this.resort = true;
    this.extensions.set(extension.aor, extension);
    this.dirty.add(extension.aor);
    this.later();
  }

  remove(aor) {
    this.extensions.delete(aor);
    this.dirty.delete(aor);
    const card = this.cards.get(aor);
    if (card) card.root.remove();
    this.cards.delete(aor);
    this.later();
  }

  search(filter) {
    this.filter = filter;
    for (const aor of this.extensions.keys()) this.dirty.add(aor);
    this.later();
  }

  usual(domain) {
    if (this.domain === domain) return;
    this.domain = domain;
    this.search(this.filter);
  }

  later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    for (const aor of this.dirty) this.paint(this.extensions.get(aor));
    this.dirty.clear();
    if (this.resort) {
      this.resort = false;
      const sorted = [...this.extensions.values()].sort(compare);
      this.list.append(...sorted.map((one) => this.cards.get(one.aor).root));
    }
    this.drawn([...this.extensions.values()], [...this.cards.values()].filter((card) => !card.root.hidden).length);
  }

  paint(extension) {
    let card = this.cards.get(extension.aor);
    if (!card) {
      card = this.build(extension);
      this.cards.set(extension.aor, card);
    }
    card.root.dataset.lamp = lampOf(extension);
    card.root.dataset.stale = String(extension.stale);
    card.root.hidden = !matches(extension, this.filter);
    card.place.textContent = placeText(extension, this.domain);
    card.name.textContent = extension.displayName || '';
    card.state.textContent = lampText(extension);
    card.talks.replaceChildren(...extension.dialogs.map((call) => {
      const line = element('li', '', callText(call));
      line.title = line.textContent;
      return line;
    }));
    card.facts.textContent = factsText(extension);
    for (const [feature, key] of Object.entries(card.keys)) {
      const value = extension.features[feature];
      key.button.hidden = value.assigned === false;
      key.button.setAttribute('aria-pressed', String(value.enabled));
      key.to.textContent = keyText(feature, value);
      key.button.title = (feature === 'dnd' ? '' : 'Forward: ') + featureWords[feature] + ': ' + key.to.textContent;
      key.button.setAttribute('aria-label', extension.ext + placeText(extension, this.domain) + ', ' + key.button.title);
    }
  }

  build(extension) {
    const root = element('li', 'card');
    const head = element('div', 'head');
    const lamp = element('span', 'lamp');
    lamp.setAttribute('aria-hidden', 'true');
    const place = element('span', 'place');
    const name = element('span', 'name');
    const state = element('span', 'state');
    head.append(lamp, element('strong', 'ext', extension.ext), place, name, state);
    const talks = element('ul', 'talks');
    const facts = element('p', 'facts');
    const row = element('div', 'keys');
    const keys = {};
    for (const feature of Object.keys(featureWords)) {
      const button = element('button', 'key');
      button.type = 'button';
      const to = element('span', 'to');
      button.append(element('span', '', keyWords[feature]), to);
      button.addEventListener('click', () => this.pressed(this.extensions.get(extension.aor), feature, button));
      row.append(button);
      keys[feature] = { button, to };
    }
    root.append(head, talks, facts, row);
    return { root, place, name, state, talks, facts, keys };
  }
}
`;
