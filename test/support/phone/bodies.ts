import { params } from './message.ts';

const csta = 'http://www.ecma-international.org/standards/ecma-323/csta/ed3';
// COMPAT(Polycom VVX 5.4): a constant, not an identity
const polycomDevice = '7659366';

export type ForwardKey = 'cfa' | 'cfb' | 'cfna';

export interface FeatureEvent {
  readonly feature: 'dnd' | ForwardKey;
  readonly enabled: boolean;
  /** Empty or absent as the document has it. */
  readonly target?: string;
  readonly ringCount?: number;
}

export interface DialogParty {
  readonly identity?: string;
  readonly display?: string;
  readonly target?: string;
}

export interface DialogEntry {
  readonly id: string;
  readonly direction: string;
  readonly state: string;
  readonly local: DialogParty;
  readonly remote: DialogParty;
  /** The watched party holds the call: `+sip.rendering` is `no` on its local target (RFC 4235 5.2). */
  readonly holding: boolean;
  readonly callId?: string;
  readonly localTag?: string;
  readonly remoteTag?: string;
}

export interface DialogInfo {
  readonly version: number;
  readonly state: string;
  readonly entity: string;
  readonly dialogs: readonly DialogEntry[];
}

/** A body and its type: a NOTIFY, or one part of a multipart. */
export interface Content {
  readonly contentType: string;
  readonly body: string;
}

const typeNames: Readonly<Record<string, ForwardKey>> = {
  forwardImmediate: 'cfa',
  forwardBusy: 'cfb',
  forwardNoAns: 'cfna',
};

/** The body of a Polycom's do-not-disturb key. */
export function setDnd(on: boolean): string {
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<SetDoNotDisturb xmlns="${csta}">\r\n<device>${polycomDevice}</device>\r\n<doNotDisturbOn>${on}</doNotDisturbOn>\r\n</SetDoNotDisturb>\r\n`;
}

/** The body of a Polycom's forward key: device, activateForward, forwardingType, forwardDN, ringCount in this order. */
export function setForward(type: ForwardKey, on: boolean, target = '', rings?: number): string {
  const [name = ''] = Object.entries(typeNames).find(([, key]) => key === type) ?? [];
  return [
    '<?xml version="1.0" encoding="ISO-8859-1"?>',
    `<SetForwarding xmlns="${csta}">`,
    `<device>${polycomDevice}</device>`,
    `<activateForward>${on}</activateForward>`,
    `<forwardingType>${name}</forwardingType>`,
    `<forwardDN>${escapeText(target)}</forwardDN>`,
    `<ringCount>${rings ?? ''}</ringCount>`,
    '</SetForwarding>',
    '',
  ].join('\r\n');
}

export const featureType = 'application/x-as-feature-event+xml';

/** The single body, or the parts of a multipart one, header names in lower case. Line ends may be CRLF or LF. */
export function parts(content: Content): (Content & { readonly headers: ReadonlyMap<string, string> })[] {
  if (!/^multipart\//i.test(content.contentType)) {
    return content.body.trim() === '' ? [] : [{ ...content, headers: new Map() }];
  }
  const boundary = params(content.contentType).get('boundary');
  if (!boundary) throw new Error(`multipart without boundary: ${content.contentType}`);
  const escaped = boundary.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pieces = content.body.split(new RegExp(`(?:^|\\r?\\n)--${escaped}`));
  if (!pieces.at(-1)?.startsWith('--')) throw new Error('multipart without closing delimiter');
  return pieces.slice(1, -1).map((piece) => {
    const empty = /\r?\n\r?\n/.exec(piece);
    if (!empty) throw new Error('multipart part without empty line after its headers');
    const headers = new Map(
      piece
        .slice(0, empty.index)
        .split(/\r?\n/)
        .filter((line) => line.includes(':'))
        .map((line) => {
          const [name = '', ...value] = line.split(':');
          return [name.trim().toLowerCase(), value.join(':').trim()] as const;
        }),
    );
    return {
      contentType: headers.get('content-type') ?? 'text/plain',
      body: piece.slice(empty.index + empty[0].length),
      headers,
    };
  });
}

/** What the phone would show: every feature of a single or multipart body, in document order. Throws on an unknown root. */
export function featureEvents(content: Content): FeatureEvent[] {
  return parts(content).map(({ body }): FeatureEvent => {
    const root = element(body, 'DoNotDisturbEvent') ?? element(body, 'ForwardingEvent');
    if (!root) throw new Error(`no feature event in: ${body}`);
    // COMPAT(Polycom): a document without its namespace makes the phone reboot
    if (root.attributes.get('xmlns') !== csta) throw new Error(`wrong namespace in: ${body}`);
    if (/^<DoNotDisturbEvent\b/.test(root.whole))
      return { feature: 'dnd', enabled: bool(root.inner, 'doNotDisturbOn') };
    const feature = typeNames[text(root.inner, 'forwardingType') ?? ''];
    if (!feature) throw new Error(`unknown forwardingType in: ${body}`);
    const target = text(root.inner, 'forwardTo');
    const rings = text(root.inner, 'ringCount');
    return {
      feature,
      enabled: bool(root.inner, 'forwardStatus'),
      ...(target === undefined ? {} : { target }),
      ...(rings === undefined || rings === '' ? {} : { ringCount: Number(rings) }),
    };
  });
}

export function dialogInfo(content: Content): DialogInfo {
  const root = element(content.body, 'dialog-info');
  if (!root) throw new Error(`no dialog-info in: ${content.body}`);
  return {
    version: Number(root.attributes.get('version')),
    state: root.attributes.get('state') ?? '',
    entity: root.attributes.get('entity') ?? '',
    dialogs: elements(root.inner, 'dialog').map(({ attributes, inner }): DialogEntry => {
      const optional = (key: 'callId' | 'localTag' | 'remoteTag', name: string) => {
        const value = attributes.get(name);
        return value === undefined ? {} : { [key]: value };
      };
      return {
        id: attributes.get('id') ?? '',
        direction: attributes.get('direction') ?? '',
        state: text(inner, 'state') ?? '',
        local: party(inner, 'local'),
        remote: party(inner, 'remote'),
        holding: rendersNothing(inner),
        ...optional('callId', 'call-id'),
        ...optional('localTag', 'local-tag'),
        ...optional('remoteTag', 'remote-tag'),
      };
    }),
  };
}

/** The LED of most desk phones (the BroadSoft rule for several dialogs: a ringing one wins, then a talking one). */
export function lamp({ dialogs }: DialogInfo): 'off' | 'ringing' | 'busy' | 'held' {
  const live = dialogs.filter(({ state }) => state !== '' && state !== 'terminated');
  const ringing = live.some(({ state, direction }) => direction === 'recipient' && state !== 'confirmed');
  if (ringing) return 'ringing';
  if (live.some(({ holding }) => !holding)) return 'busy';
  return live.length > 0 ? 'held' : 'off';
}

function party(dialog: string, side: 'local' | 'remote'): DialogParty {
  const inner = element(dialog, side)?.inner;
  if (inner === undefined) return {};
  const identity = element(inner, 'identity');
  const display = identity?.attributes.get('display') ?? identity?.attributes.get('display-name');
  const target = element(inner, 'target')?.attributes.get('uri');
  return {
    ...(identity ? { identity: decodeText(identity.inner.trim()) } : {}),
    ...(display === undefined ? {} : { display }),
    ...(target === undefined ? {} : { target }),
  };
}

function rendersNothing(dialog: string): boolean {
  const target = element(element(dialog, 'local')?.inner ?? '', 'target');
  return elements(target?.inner ?? '', 'param').some(
    ({ attributes }) =>
      /^\+?sip\.rendering$/.test(attributes.get('pname') ?? '') &&
      (attributes.get('pval') ?? attributes.get('pvalue')) === 'no',
  );
}

interface Element {
  readonly whole: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly inner: string;
}

/** Elements of one name; enough for documents in which an element never contains its own kind. */
function elements(xml: string, name: string): Element[] {
  const pattern = new RegExp(
    `<(?:[\\w.]+:)?${name}((?:\\s+[^<>]*?)?)(?:/>|>([\\s\\S]*?)</(?:[\\w.]+:)?${name}\\s*>)`,
    'g',
  );
  return [...xml.matchAll(pattern)].map((match) => ({
    whole: match[0],
    attributes: new Map(
      [...(match[1] ?? '').matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
        (found) => [found[1] ?? '', decodeText(found[2] ?? found[3] ?? '')] as const,
      ),
    ),
    inner: match[2] ?? '',
  }));
}

function element(xml: string, name: string): Element | undefined {
  return elements(xml, name)[0];
}

function text(xml: string, name: string): string | undefined {
  const found = element(xml, name);
  return found ? decodeText(found.inner.trim()) : undefined;
}

function bool(xml: string, name: string): boolean {
  const value = text(xml, name);
  if (value !== 'true' && value !== 'false') throw new Error(`${name} is ${value ?? 'missing'} in: ${xml}`);
  return value === 'true';
}

function escapeText(value: string): string {
  return value.replace(/[&<>]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign] ?? sign);
}

function decodeText(value: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return value.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex: string, dec: string, name: string) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return dec ? String.fromCodePoint(Number(dec)) : (named[name] ?? whole);
  });
}
