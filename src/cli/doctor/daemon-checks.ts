import { upstreamsOf } from '../../config/inline-schema.ts';
import { parseListenPoint } from '../../config/listen-point.ts';
import { bracketed } from '../../sip/own-contact.ts';
import { broken, type Check, fine, many, odd, type Seen } from './seen.ts';

/** It runs, and as the program that this command is of. */
export const version: Check = {
  name: 'version',
  look: ({ ways, url, version: own }) =>
    ways.version === own
      ? [fine(`Lamplighter ${own} runs, ${url}`)]
      : [odd(`Lamplighter ${ways.version} runs, and ${own} is installed`, 'start the daemon anew')],
};

/** A file that was changed after the start is read at the next. */
export const configuration: Check = {
  name: 'configuration',
  look: (seen) => {
    const differing = differences(seen);
    if (differing.length === 0) return [];
    const what = differing.join(', ');
    return [odd(`the daemon runs with another configuration than this one: ${what}`, 'start the daemon anew')];
  },
};

function differences({ config, ways }: Seen): string[] {
  const { sip, domain } = config;
  const bound = ways.listeners.map((one) => `${one.transport}:${bracketed(one.address)}:${one.port}`);
  const missing = sip.listen.filter((point) => parseListenPoint(point).port !== 0 && !bound.includes(point));
  const routes = ways.upstreams.map(({ uri }) => uri);
  return [
    ...(ways.domains[0] === domain ? [] : ['domain']),
    ...(ways.engine.kind === sip.engine ? [] : ['sip.engine']),
    ...(ways.auth === sip.auth ? [] : ['sip.auth']),
    // with drachtio the listeners are those of its server
    ...(ways.engine.kind === 'drachtio' || missing.length === 0 ? [] : ['sip.listen']),
    ...(routes.join() === upstreamsOf(config.sip).join() ? [] : ['sip.upstream']),
  ];
}

/** What `/readyz` says: PBX links, database, listeners. */
export const health: Check = {
  name: 'health',
  look: ({ health: parts }) => {
    const down = parts.filter(({ ok }) => !ok);
    if (down.length === 0) return [fine(`${parts.map(({ name }) => name).join(', ')}: up`)];
    return down.map(({ name, reason }) =>
      broken(`${name}: ${reason ?? 'not up'}`, 'the log has the fault with its fix; docs/errors.md lists all'),
    );
  },
};

/** The server that stands between us and the network. */
export const engine: Check = {
  name: 'engine',
  look: ({
    ways: {
      engine: { kind, up, reason },
    },
  }) =>
    up
      ? []
      : [broken(`no connection to ${kind}: ${reason ?? 'it does not answer'}`, 'start it, or correct sip.drachtio')],
};

/** A NOTIFY without an answer means a lamp that may be wrong. */
export const unanswered: Check = {
  name: 'unanswered',
  look: ({
    ways: {
      subscriptions: { total, unanswered: lost },
    },
  }) =>
    lost === 0
      ? []
      : [
          odd(
            `${lost} of ${many(total, 'subscription')}: nobody answered the last NOTIFY`,
            'phones that were switched off are forgotten when they expire. Where they are on: a firewall or NAT forgot them; ' +
              'let them subscribe for 120 s, keep the connection alive, or use TCP',
          ),
        ],
};
