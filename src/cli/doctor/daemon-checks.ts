import { upstreamsOf } from '../../config/inline-schema.ts';
import { parseListenPoint } from '../../config/listen-point.ts';
import { broken, type Finding, fine, odd } from '../../model/check.ts';
import { bracketed } from '../../sip/own-contact.ts';
import type { DaemonCheck, Seen } from './seen.ts';

/** It runs, and as the program that this command is of. */
export const version: DaemonCheck = {
  name: 'version',
  look: ({ ways, url, version: own }) =>
    ways.version === own
      ? [fine(`Lamplighter ${own} runs, ${url}`)]
      : [odd(`Lamplighter ${ways.version} runs, and ${own} is installed`, 'start the daemon anew')],
};

/** A file that was changed after the start is read at the next. */
export const configuration: DaemonCheck = {
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
export const health: DaemonCheck = {
  name: 'health',
  look: ({ health: parts, findings }) => {
    const down = parts.filter(({ ok }) => !ok);
    if (down.length === 0) return [fine(`${parts.map(({ name }) => name).join(', ')}: up`)];
    return down.map(({ name, reason }) => {
      const below = checksOf(name, findings);
      const fix =
        below.length === 0
          ? 'the log has the fault with its fix; docs/errors.md lists all'
          : `what ${below.join(' and ')} below ${below.length === 1 ? 'says' : 'say'}`;
      return broken(`${name}: ${reason ?? 'not up'}`, fix);
    });
  },
};

/** The checks that fail for what this part needs, and have the fix. */
function checksOf(part: string, findings: Seen['findings']): readonly string[] {
  const [kind, pbx] = part.split(/ (.*)/);
  const own = ['database', 'listeners'];
  const isAbout = ({ check, text }: Finding) => {
    if (kind === 'pbx') return pbx !== undefined && text.startsWith(`${pbx}: `) && !own.includes(check);
    return check === (kind === 'store' ? 'database' : kind);
  };
  const failing = findings.filter((one) => one.level === 'fail' && isAbout(one));
  return [...new Set(failing.map(({ check }) => check))];
}

/** The server that stands between us and the network. */
export const engine: DaemonCheck = {
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
