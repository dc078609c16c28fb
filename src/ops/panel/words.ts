/** Pure: what the page says about an extension, and the reader of an event stream. */
export const words = String.raw`
export const featureWords = { dnd: 'Do not disturb', cfa: 'Always', cfb: 'Busy', cfna: 'No answer' };
export const keyWords = { dnd: 'DND', cfa: '→ always', cfb: '→ busy', cfna: '→ no ans.' };

function lampOfCall(call) {
  if (call.held) return 'held';
  if (call.state === 'confirmed') return 'talking';
  return call.direction === 'recipient' ? 'ringing' : 'calling';
}

// What the one lamp shows: a ringing phone is more urgent than a talking one.
export function lampOf(extension) {
  const lamps = extension.dialogs.map(lampOfCall);
  for (const lamp of ['ringing', 'talking', 'held', 'calling']) if (lamps.includes(lamp)) return lamp;
  if (extension.features.dnd.enabled) return 'dnd';
  return extension.registered ? 'idle' : 'away';
}

const lampWords = {
  ringing: 'ringing', talking: 'talking', held: 'on hold', calling: 'calling', dnd: 'do not disturb', idle: 'free', away: 'not registered',
};

export function lampText(extension) {
  return lampWords[lampOf(extension)] + (extension.stale ? ' (last known)' : '');
}

// Without the signs that turn round what stands behind them: a caller's name could make his number look like another.
function upright(text) {
  return text === null ? null : text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '');
}

export function whoText(remote) {
  const number = upright(remote.number);
  const name = upright(remote.name);
  if (number === null && name === null) return 'number withheld';
  if (name === null || name === '') return number;
  return number === null ? name : name + ' (' + number + ')';
}

export function callText(call) {
  const who = whoText(call.remote);
  const lamp = lampOfCall(call);
  if (lamp === 'ringing') return who + ' is calling';
  if (lamp === 'calling') return 'calling ' + who;
  return (lamp === 'held' ? 'holds ' : 'talks with ') + who;
}

export function factsText(extension) {
  // Where the lamp itself says so, once is enough.
  const facts = lampOf(extension) === 'away' ? [] : [extension.registered ? 'registered' : 'not registered'];
  const mail = extension.mailbox;
  if (mail !== null && mail.new + mail.newUrgent > 0) facts.push(counted(mail.new + mail.newUrgent, 'new message'));
  facts.push(counted(extension.subscriptions, 'subscription'));
  return facts.join(' · ');
}

function counted(count, word) {
  return count + ' ' + word + (count === 1 ? '' : 's');
}

export function summaryText(count, busy, shown) {
  return counted(count, 'extension') + ', ' + busy + ' in calls' + (shown < count ? ', ' + shown + ' shown' : '');
}

// Why there is nothing to see.
export function emptyText(count, filter) {
  if (count > 0) return 'Nothing here matches “' + filter.trim() + '”.';
  return 'No extension is known. If a PBX is up and this stays so, its users are in none of the domains of the configuration, or it does not list them.';
}

// Where the extension is, if that is not plain: nothing for those of the default domain.
export function placeText(extension, usual) {
  const place = extension.aor.slice(extension.ext.length);
  return place === '@' + usual ? '' : place;
}

export function keyText(feature, value) {
  if (feature === 'dnd') return value.enabled ? 'on' : 'off';
  if (!value.enabled) return 'off';
  const rings = feature === 'cfna' && value.ringCount ? ' (' + value.ringCount + ')' : '';
  return (value.target === null ? '?' : value.target) + rings;
}

export function matches(extension, filter) {
  const on = Object.keys(extension.features).filter((name) => extension.features[name].enabled);
  const text = [extension.aor, extension.displayName || '', lampText(extension), ...on, ...extension.dialogs.map(callText)];
  return text.join(' ').toLowerCase().includes(filter.trim().toLowerCase());
}

export function compare(a, b) {
  return a.ext.localeCompare(b.ext, 'en', { numeric: true }) || a.aor.localeCompare(b.aor);
}

// Reads server-sent events from pieces of text; calls told({ event, data }) for each.
export function eventReader(told) {
  let rest = '';
  let event = '';
  let data = [];
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) told({ event: event || 'message', data: data.join('\n') });
        event = '';
        data = [];
      } else if (line.startsWith('data: ')) data.push(line.slice(6));
      else if (line.startsWith('event: ')) event = line.slice(7);
    }
  };
}
`;
