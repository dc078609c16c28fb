import { eventPackages } from '../../src/event-packages/index.ts';
import type { Seeded } from './seeded.ts';
import { domain, users } from './sequence-daemon.ts';
import { rates } from './sequence-phones.ts';

export const events: readonly string[] = eventPackages.map(({ event }) => event);
const listed = ['dialog', 'presence', 'message-summary'];
const lists = ['desk', 'all', 'outer'];

export const featureType = 'application/x-as-feature-event+xml';
const ns = 'xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed3"';

export interface Wanted {
  readonly event: string;
  readonly id: string | null;
  readonly resource: string;
  readonly params: string;
  readonly accept: string | null;
  readonly lines: readonly string[];
  readonly body: string;
  readonly isList: boolean;
}

/** A first SUBSCRIBE. */
export function wanted(chance: Seeded, user: string): Wanted {
  const isList = chance.once(5);
  const event = isList ? chance.pick(listed) : chance.pick(events);
  const own = !chance.once(3) || event === 'as-feature-event';
  const brought = isList && chance.once(2);
  const resource = isList && !brought ? chance.pick(lists) : own ? user : chance.pick([...users, '1010', '1011', '9']);
  const body = brought ? resourceLists(chance) : '';
  return {
    event,
    id: chance.once(3) ? chance.pick(['1', '2', 'x.y']) : null,
    resource,
    params: eventParams(chance, event),
    accept: accepted(chance, event, isList),
    lines: [
      ...(isList || chance.once(6) ? ['Supported: eventlist'] : chance.once(6) ? ['Supported: 100rel, eventlist'] : []),
      ...(brought ? ['Require: recipient-list-subscribe', 'Content-Type: application/resource-lists+xml'] : []),
    ],
    body,
    isList,
  };
}

export function eventParams(chance: Seeded, event: string): string {
  const one = (name: string, values: readonly string[]) => (chance.once(2) ? `;${name}=${chance.pick(values)}` : '');
  const profile =
    event === 'ua-profile' || chance.once(20)
      ? `${one('profile-type', ['device', 'user', 'local-network', '"user"', 'device'])}${one('vendor', ['acme', '"Ac me"', '%00'])}${one('model', ['m1', 'm2', '""'])}${one('version', ['1', '2.0'])}${one('effective-by', ['0', '60'])}`
      : '';
  const odd = chance.once(5)
    ? chance.pick([';x=y', ';call-id="a@b"', ';include-session-description', ';sla', ';ma', ';__proto__=1'])
    : '';
  return `${chance.once(2) ? rates(chance) : ''}${profile}${odd}`;
}

export function accepted(chance: Seeded, event: string, isList: boolean): string | null {
  const types = eventPackages.find((pkg) => pkg.event === event)?.contentTypes ?? [];
  const list = isList ? ', multipart/related, application/rlmi+xml' : '';
  return chance.pick([
    isList ? `${types.join(', ')}${list}` : null,
    `${types[0]}${list}`,
    `${chance.pick(types)}${list}`,
    `*/*${list}`,
    `${types.join(', ')}, multipart/mixed${list};q=0.5`,
    chance.once(6) ? 'text/nothing' : `application/*, text/*${list}`,
    chance.once(3) ? '' : null,
  ]);
}

function resourceLists(chance: Seeded): string {
  const count = chance.pick([1, 2, 3, 6, 40]);
  const one = () => chance.pick([...users, '1010', '1011', '1012', 'desk', 'nobody', `x${chance.below(99)}`]);
  const entries = Array.from({ length: count }, () => `<entry uri="sip:${one()}@${domain}"/>`).join('');
  return `<?xml version="1.0" encoding="UTF-8"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list>${entries}</list></resource-lists>`;
}

/** The body of a SUBSCRIBE that presses a feature key. */
export function pressed(chance: Seeded, user: string): string {
  const head = '<?xml version="1.0" encoding="ISO-8859-1"?>';
  const device = `<device>${user}</device>`;
  const on = chance.once(2);
  switch (chance.below(4)) {
    case 0:
      return `${head}<SetDoNotDisturb ${ns}>${device}<doNotDisturbOn>${on}</doNotDisturbOn></SetDoNotDisturb>`;
    case 1:
      return `${head}<SetAgentState ${ns}>${device}<requestedAgentState>${chance.pick(['loggedOn', 'loggedOff', 'ready', 'notReady', 'workingAfterCall'])}</requestedAgentState></SetAgentState>`;
    case 2:
      return chance.pick([
        ' ',
        `${head}<SetDoNotDisturb ${ns}/>`,
        `${head}<SetForwarding ${ns}>${device}</SetForwarding>`,
      ]);
    default: {
      const type = chance.pick(['forwardImmediate', 'forwardBusy', 'forwardNoAns']);
      const to = chance.pick([...users, '0316', '']);
      return `${head}<SetForwarding ${ns}>${device}<forwardDN>${to}</forwardDN><forwardingType>${type}</forwardingType><activateForward>${on}</activateForward>${chance.once(2) ? '<ringCount>4</ringCount>' : ''}</SetForwarding>`;
    }
  }
}

export interface PublishDraft {
  readonly event: string;
  readonly type: string;
  readonly body: string;
}

export function published(chance: Seeded, event: string, user: string): PublishDraft {
  switch (event) {
    case 'dialog': {
      const state = () => chance.pick(['trying', 'early', 'confirmed', 'terminated', 'proceeding']);
      const dialogs = Array.from({ length: chance.below(4) }, (_, at) => {
        const keys = chance.once(2) ? ` call-id="c${chance.below(3)}" local-tag="l" remote-tag="r"` : '';
        return `<dialog id="d${at}"${keys} direction="${chance.pick(['recipient', 'initiator'])}"><state>${state()}</state><remote><identity>sip:0${chance.below(99)}@else.test</identity></remote></dialog>`;
      });
      const full = chance.pick(['full', 'partial']);
      return {
        event,
        type: 'application/dialog-info+xml',
        body: `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${chance.below(9)}" state="${full}" entity="sip:${user}@${domain}">${dialogs.join('')}</dialog-info>`,
      };
    }
    case 'message-summary':
      return {
        event,
        type: 'application/simple-message-summary',
        body: `Messages-Waiting: yes\r\nVoice-Message: ${chance.below(9)}/${chance.below(9)} (0/0)\r\n`,
      };
    case 'as-feature-event':
      return { event, type: featureType, body: pressed(chance, user) };
    default: {
      const word = chance.pick(['on-the-phone', 'away', 'busy', 'meeting', 'dnd']);
      return {
        event: 'presence',
        type: 'application/pidf+xml',
        body: `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:${user}@${domain}"><tuple id="t"><status><basic>${chance.pick(['open', 'closed'])}</basic></status>${chance.once(2) ? `<note>n${chance.below(9)}</note>` : ''}</tuple><dm:person id="p"><r:activities><r:${word}/></r:activities></dm:person></presence>`,
      };
    }
  }
}

/** A PUBLISH of its own Call-ID; `name` makes names that nobody had before. */
export function publishMessage(
  user: string,
  { event, type, body }: PublishDraft,
  tag: string | null,
  expires: number | null,
  port: number,
  name: (prefix: string) => string,
): string {
  return [
    `PUBLISH sip:${user}@${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP 192.0.2.77:${port};branch=z9hG4bK${name('p')}`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=${name('f')}`,
    `To: <sip:${user}@${domain}>`,
    `Call-ID: ${name('pub')}`,
    'CSeq: 1 PUBLISH',
    `Event: ${event}`,
    ...(tag === null ? [] : [`SIP-If-Match: ${tag}`]),
    ...(expires === null ? [] : [`Expires: ${expires}`]),
    ...(body === '' ? [] : [`Content-Type: ${type}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
