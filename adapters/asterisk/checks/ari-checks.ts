import { broken, type Check, fine, odd, type Remark } from '../../../src/model/check.ts';
import { Fault } from '../../../src/model/errors.ts';
import { comes } from '../../open-once.ts';
import type { AriEvent } from '../events.ts';
import { type AsteriskSeen, doctorApp } from './seen.ts';

const reload = "then asterisk -rx 'module reload res_ari.so'";

/** Whether ARI answers, and to us. */
export const ari: Check<AsteriskSeen> = {
  name: 'ari',
  look: ({ ari: it, options }) => {
    const settings = options.ari;
    if (it === null || settings === undefined) return [];
    const { url, username } = settings;
    if (it.first instanceof Fault) {
      return [
        broken(
          it.first.message,
          'start Asterisk; in http.conf [general] enabled = yes, with the bindaddr and bindport of ari.url; then core restart',
        ),
      ];
    }
    const { status } = it.first;
    switch (status) {
      case 200:
        return [fine(`ARI answers at ${url}`)];
      case 401:
      case 403:
        return [
          broken(
            `ARI at ${url} refuses the user ${username} or his password`,
            `in ari.conf a section [${username}] with type = user and the password of ari.passwordFile, ${reload}`,
          ),
        ];
      case 404:
        return [
          broken(
            `what answers at ${url} has no ARI (404)`,
            `in ari.conf [general] enabled = yes, and modules.conf must not keep res_ari.so out; in http.conf no prefix; ${reload}`,
          ),
        ];
      case 503:
        return [broken(`ARI at ${url} is not ready yet (503)`, 'Asterisk is starting: ask again in a minute')];
      default:
        return [
          broken(`what answers at ${url} is no ARI (${status})`, 'correct ari.url: http://HOST:PORT of http.conf'),
        ];
    }
  },
};

/** ARI counts a subscription to events as a write. */
export const ariWrite: Check<AsteriskSeen> = {
  name: 'ari-write',
  look: async ({ ari: it, options }) => {
    if (!answers(it)) return [];
    // an application that nobody has: refused for want of rights, or because there is none
    const { status } = await it.rest.call('POST', ['applications', doctorApp, 'subscription'], {
      query: { eventSource: 'channel:' },
    });
    if (status !== 403) return [];
    const user = options.ari?.username ?? '';
    return [broken(`the ARI user ${user} may only read`, `in ari.conf under [${user}] read_only = no, ${reload}`)];
  },
};

/** An event of our own, sent to our own application, must come back by the stream. */
export const ariEvents: Check<AsteriskSeen> = {
  name: 'ari-events',
  look: async ({ ari: it, clock }) => {
    if (!answers(it)) return [];
    const stream = await it.stream();
    if (stream instanceof Fault) {
      return [
        broken(
          `the ARI event stream does not open: ${stream.message}`,
          `load res_http_websocket.so, res_stasis.so and res_ari_events.so; ${reload}`,
        ),
      ];
    }
    const isOurs = (event: AriEvent) => event['type'] === 'ChannelUserevent' && event['eventname'] === probeEvent;
    let status = 0;
    const came = await comes(stream, clock, isOurs, async () => {
      const answer = await it.rest.call('POST', ['events', 'user', probeEvent], { query: { application: stream.app } });
      status = answer.status;
    });
    if (came !== null) return [fine('events arrive from ARI')];
    return [
      broken(
        `an event that was sent to the ARI application ${stream.app} did not arrive (${status})`,
        'another program took the application over (a second Lamplighter: give it another ari.app), or res_stasis.so hangs: restart Asterisk',
      ),
    ];
  },
};

/** What checks send to their own application. */
const probeEvent = 'LamplighterProbe';

/** One application name is one connection: who comes last has it. */
export const ariApp: Check<AsteriskSeen> = {
  name: 'ari-app',
  look: async ({ ari: it, options }) => {
    if (!answers(it) || options.ari === undefined) return [];
    const { app } = options.ari;
    const { status, body } = await it.rest.call('GET', ['applications']);
    if (status !== 200 || !Array.isArray(body)) return [];
    const names = (body as unknown[]).flatMap((one) => nameOf(one) ?? []);
    const remarks: Remark[] = [];
    if (!it.up && names.includes(app)) {
      remarks.push(
        broken(
          `another program is connected as the ARI application ${app}`,
          'a second Lamplighter on this PBX: stop it, or give each its own ari.app',
        ),
      );
    }
    const others = names.filter((name) => name !== app && /lamplighter/i.test(name) && !name.startsWith(doctorApp));
    for (const name of others) {
      remarks.push(
        odd(
          `another Lamplighter is connected to this PBX, as the ARI application ${name}`,
          'right where it was meant so: both write the same features. Else stop one',
        ),
      );
    }
    return remarks;
  },
};

type Ari = NonNullable<AsteriskSeen['ari']>;

/** It answers, and to us: what else would be asked has an answer. */
export function answers(ari: AsteriskSeen['ari']): ari is Ari {
  return ari !== null && !(ari.first instanceof Fault) && ari.first.status === 200;
}

function nameOf(one: unknown): string | null {
  const name = typeof one === 'object' && one !== null ? (one as Record<string, unknown>)['name'] : undefined;
  return typeof name === 'string' ? name : null;
}
