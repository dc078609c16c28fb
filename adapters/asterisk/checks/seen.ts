import type { Clock } from '../../../src/model/clock.ts';
import { Fault } from '../../../src/model/errors.ts';
import { token } from '../../../src/model/random.ts';
import type { AdapterTools } from '../../adapter.ts';
import { type Heard, openOnce } from '../../open-once.ts';
import type { AmiAnswer } from '../ami.ts';
import { AmiLink } from '../ami.ts';
import type { Fields } from '../ami-wire.ts';
import { AriLink } from '../ari.ts';
import type { AriAnswer, AriRest } from '../ari-rest.ts';
import type { AmiEvent, AriEvent } from '../events.ts';
import type { AsteriskOptions } from '../options.ts';

/** How long an answer may take; milliseconds. */
const answerMs = 3_000;
/** How long a session may take to log off; milliseconds. */
export const logoffMs = 500;

/** AMI, as far as checks ask it. */
export interface AskedAmi extends Heard<AmiEvent> {
  action(name: string, fields?: Fields): Promise<AmiAnswer>;
  /** It has told us of its own start: the account reads the class `system`. */
  readonly readsSystem: boolean;
}

/** What the checks look at. Nothing is asked twice of a PBX that did not answer once. */
export interface AsteriskSeen {
  readonly options: AsteriskOptions;
  readonly clock: Clock;
  /** null: ARI is not configured. */
  readonly ari: {
    readonly rest: AriRest;
    /** The answer to the first question, or why there is none. */
    readonly first: AriAnswer | Fault;
    /** The adapter's own stream is open. */
    readonly up: boolean;
    /** The stream of the adapter, or one for the time of the checks. A Fault where it does not open. */
    stream(): Promise<(Heard<AriEvent> & { readonly app: string }) | Fault>;
  } | null;
  /**
   * A session that logged in for these checks: Asterisk gives a session the rights its account has at the login, so an older
   * one says nothing of what the next will be. The adapter's own where that login failed. null: AMI is not configured; a Fault:
   * why it cannot be asked.
   */
  readonly ami: AskedAmi | Fault | null;
  /** The adapter's own session; null: there is none, or it does not answer. */
  readonly ownAmi: AskedAmi | null;
  /** Why a session of today does not come about although the adapter's own stands; null: it does, or neither. */
  readonly amiShut: Shut | null;
}

export interface Shut {
  readonly fault: Fault;
  /** An account may have one session only, and the adapter has it: what a new one would be is not known. */
  readonly inUse: boolean;
}

/** What a running adapter lends its checks: its links, where they are up. */
export interface OwnLinks {
  readonly ari: (Heard<AriEvent> & { readonly up: boolean }) | null;
  readonly ami: { readonly link: AmiLink; readonly events: Heard<AmiEvent> } | null;
}

/** All that is looked at, and how to let go of it. */
export interface Looking {
  readonly seen: AsteriskSeen;
  /** Never rejects; within `logoffMs`. */
  close(): Promise<void>;
}

/** Asks for the first time. AMI by a login of its own; ARI over the adapter's stream where that is up, else one of its own. */
export async function lookAt(
  options: AsteriskOptions,
  own: OwnLinks,
  tools: AdapterTools,
  rest: AriRest | null,
): Promise<Looking> {
  const closing: (() => unknown)[] = [];
  const [ari, ami] = await Promise.all([lookAtAri(), lookAtAmi()]);
  return {
    seen: { options, clock: tools.clock, ari, ...ami },
    close: async () => {
      await Promise.all(closing.map((close) => close()));
    },
  };

  async function lookAtAri(): Promise<AsteriskSeen['ari']> {
    if (rest === null || options.ari === undefined) return null;
    const first = await rest.call('GET', ['asterisk', 'info']).catch(asFaultOf);
    const settings = options.ari;
    const mine = own.ari?.up ? own.ari : null;
    return {
      rest,
      first,
      up: mine !== null,
      stream: async () => {
        if (mine !== null) return { app: settings.app, hear: (listener) => mine.hear(listener) };
        const app = `${doctorApp}-${token(tools.random, 32)}`;
        const opened = await openOnce<AriEvent>(new AriLink({ ...settings, app }, tools), tools.clock);
        if (opened instanceof Fault) return opened;
        closing.push(opened.close);
        return { app, hear: opened.hear };
      },
    };
  }

  async function lookAtAmi(): Promise<Pick<AsteriskSeen, 'ami' | 'ownAmi' | 'amiShut'>> {
    if (options.ami === undefined) return { ami: null, ownAmi: null, amiShut: null };
    const link = new AmiLink({ ...options.ami, events: 'system,call' }, tools);
    const [opened, ownAmi] = await Promise.all([openOnce<AmiEvent>(link, tools.clock), lookAtOwn()]);
    if (opened instanceof Fault) {
      const amiShut = ownAmi === null ? null : { fault: opened, inUse: link.inUse };
      return { ami: ownAmi ?? opened, ownAmi, amiShut };
    }
    closing.push(async () => {
      await link.action('Logoff', [], logoffMs).catch(() => undefined);
      opened.close();
    });
    return { ami: askable(link, opened), ownAmi, amiShut: null };
  }

  async function lookAtOwn(): Promise<AskedAmi | null> {
    if (own.ami === null || !own.ami.link.up || !(await isAlive(own.ami.link))) return null;
    return askable(own.ami.link, own.ami.events);
  }
}

/** ARI applications of the checks begin like this, and are nobody's. */
export const doctorApp = 'lamplighter-doctor';

/** A PBX that died a moment ago is up until its socket says so, or half-open for longer. */
async function isAlive(link: AmiLink): Promise<boolean> {
  try {
    await link.action('Ping', [], answerMs);
    return true;
  } catch {
    return false;
  }
}

function askable(link: AmiLink, { hear }: Heard<AmiEvent>): AskedAmi {
  return {
    action: (name, fields) => link.action(name, fields, answerMs),
    hear,
    readsSystem: link.readsSystem,
  };
}

function asFaultOf(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('pbx-unreachable', String(error), error);
}
