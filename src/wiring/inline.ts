import { upstreamsOf } from '../config/inline-schema.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { eventPackages } from '../event-packages/index.ts';
import type { Clock } from '../model/clock.ts';
import type { Domain } from '../model/domain.ts';
import type { Logger } from '../model/logger.ts';
import type { Random } from '../model/random.ts';
import type { DialogId } from '../sip/dialog.ts';
import type { SipEngine } from '../sip/engine.ts';
import { InlineEngine } from '../sip/inline/inline-engine.ts';
import { OwnPlaces } from '../sip/inline/own-places.ts';
import { RefusedLogins } from '../sip/inline/refused-logins.ts';
import { DialogTokens } from '../sip/inline/tokens.ts';
import { Upstreams } from '../sip/inline/upstreams.ts';
import type { Locator } from '../sip/locate/locator.ts';
import { parseHostPort, parseUri } from '../sip/message/uri.ts';
import type { Places } from '../sip/places.ts';
import type { SecurityReports } from '../sip/security-log.ts';
import type { InlinePhones } from './phones.ts';

export interface InlineSide {
  readonly config: Pick<Config, 'sip'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Signs the tokens of dialogs; the same after a restart. */
  readonly secret: Buffer;
  readonly places: Places;
  readonly locator: Locator;
  /** Sends and hears for everybody. */
  readonly engine: SipEngine;
  /** The innermost: what it dials, and where others reach it. */
  readonly paths: Pick<SipEngine, 'connect' | 'disconnect' | 'request' | 'reachableAt'>;
  readonly phones: InlinePhones;
  readonly security: SecurityReports;
  readonly ownsDialog: (id: DialogId) => boolean;
}

export interface InlineRoom {
  readonly engine: SipEngine;
  readonly upstreams: Upstreams;
}

/** The engine of a server that stands between the phones and their PBX. */
export function inlineRoom(side: InlineSide): InlineRoom {
  const { config, places, phones } = side;
  const { inline, advertise } = config.sip;
  const askMs = inline.probe * 1000;
  const upstreams = new Upstreams({ ...side, engine: side.paths, upstreams: parsed(config), askMs });
  const stays = new Set(inline.pbx);
  const served = eventPackages.filter(({ event }) => !stays.has(event));
  const engine = new InlineEngine({
    engine: side.engine,
    paths: side.paths,
    own: new OwnPlaces(places, advertise === undefined ? null : (parseHostPort(advertise)?.port ?? null)),
    upstreams,
    places,
    addresses: places.addresses,
    registrations: phones.phones,
    register: phones.edits,
    tokens: new DialogTokens(side.secret),
    logins: new RefusedLogins(side.security),
    logger: side.logger,
    subscribes: new Set(served.map(({ event }) => event)),
    publishes: new Set(served.filter(({ publish }) => publish !== undefined).map(({ event }) => event)),
    unsolicited: inline.unsolicited,
    ownsDialog: side.ownsDialog,
  });
  return { engine, upstreams };
}

/** Every domain, the default one also by the names of the PBX behind us: phones may write those. */
export function domainsBehind(config: Config): readonly [Domain, ...Domain[]] {
  const [first, ...others] = domainsOf(config);
  const taken = new Set(others.flatMap(({ name, aliases }) => [name, ...aliases]));
  const hosts = parsed(config).map(({ uri }) => uri.host);
  return [{ ...first, aliases: [...first.aliases, ...hosts.filter((host) => !taken.has(host))] }, ...others];
}

/** The schema has looked at each. */
function parsed({ sip }: Pick<Config, 'sip'>) {
  return upstreamsOf(sip).flatMap((text) => {
    const uri = parseUri(text);
    return uri === null ? [] : [{ text, uri }];
  });
}
