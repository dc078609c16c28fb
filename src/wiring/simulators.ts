import type { PbxAdapter, Simulator } from '../../adapters/adapter.ts';
import { domainsOf } from '../config/readings.ts';
import type { Config } from '../config/schema.ts';
import { type Outcome, refused } from '../model/outcome.ts';

/**
 * The hand on all simulated PBXs of the configuration, one for each domain: `1001@tenant.example` says which, `1001` is of
 * the first. Calls stay within a domain. null: the PBXs are real ones.
 */
export function simulators(adapters: ReadonlyMap<string, PbxAdapter>, config: Config): Simulator | null {
  /** By every name of its domain, in the order of the PBXs. */
  const byName = new Map<string, Simulator>();
  for (const { name: pbx, domain = config.domain } of config.pbx) {
    const simulator = adapters.get(pbx)?.simulator;
    const names = domainsOf(config).find(({ name }) => name === domain);
    if (simulator === undefined || names === undefined || byName.has(domain)) continue;
    for (const name of [names.name, ...names.aliases]) byName.set(name, simulator);
  }
  const [first] = byName.values();
  return first === undefined ? null : handOn(byName, first);
}

function handOn(byName: ReadonlyMap<string, Simulator>, first: Simulator): Simulator {
  const at = (text: string, usual = first) => {
    const { user, domain } = split(text);
    return { user, pbx: domain === null ? usual : byName.get(domain) };
  };
  /** Ids of calls are unique: one PBX at most knows it. */
  const ofCall = (act: (simulator: Simulator) => Outcome<null>): Outcome<null> => {
    let last: Outcome<null> = refused('unknown-call', 'no such call');
    for (const simulator of new Set(byName.values())) {
      last = act(simulator);
      if (last.ok || last.refusal.code !== 'unknown-call') return last;
    }
    return last;
  };
  return {
    call: (from, to, fromName) => {
      const caller = at(from);
      const called = at(to, caller.pbx);
      return (caller.pbx === called.pbx ? caller.pbx?.call(caller.user, called.user, fromName) : undefined) ?? nobody;
    },
    answer: (id) => ofCall((pbx) => pbx.answer(id)),
    hold: (id, by) => ofCall((pbx) => pbx.hold(id, split(by).user)),
    resume: (id, by) => ofCall((pbx) => pbx.resume(id, split(by).user)),
    hangup: (id) => ofCall((pbx) => pbx.hangup(id)),
    register: (ext, registered, device) => {
      const { user, pbx } = at(ext);
      return pbx?.register(user, registered, device) ?? nobody;
    },
    mailbox: (ext, counts) => {
      const { user, pbx } = at(ext);
      return pbx?.mailbox(user, counts) ?? nobody;
    },
    agent: (ext, agent) => {
      const { user, pbx } = at(ext);
      return pbx?.agent(user, agent) ?? nobody;
    },
  };
}

const nobody = refused<never>('unknown-extension', 'no such extension');

function split(text: string): { readonly user: string; readonly domain: string | null } {
  const at = text.lastIndexOf('@');
  return at < 0 ? { user: text, domain: null } : { user: text.slice(0, at), domain: text.slice(at + 1).toLowerCase() };
}
