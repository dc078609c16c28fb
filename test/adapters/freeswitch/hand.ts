import { agentPhases } from '../../../src/model/agent.ts';
import type { AgentsHand, PbxHand, PbxTrouble } from '../../contracts/adapter.ts';
import type { FakeFreeswitch } from '../../support/freeswitch/fake-freeswitch.ts';
import { user } from './rig.ts';

const [aor, other] = [user('1001'), user('1002')];

/** What phones do at a FreeSWITCH in small: 1002 calls 1001, and what else 1001 is there for. */
export function handOn(pbx: FakeFreeswitch): PbxHand {
  return {
    call: () => {
      const call = pbx.call(other, aor);
      return {
        answer: () => call.answer(),
        hold: () => call.hold(aor),
        resume: () => call.resume(aor),
        hangup: () => call.hangup(),
      };
    },
    register: (there) => {
      const callId = 'a-second-phone';
      if (there)
        pbx.phones.register({
          user: '1001',
          domain: 'lab.test',
          profile: 'internal',
          port: 5299,
          userAgent: 'x',
          callId,
        });
      else pbx.phones.unregister(callId);
    },
    mailbox: (counts) => pbx.mailbox(aor, counts),
  };
}

/** 1003 is an agent of mod_callcenter. */
export function agentsOn(pbx: FakeFreeswitch): AgentsHand {
  const statuses = { ready: 'Available', notReady: 'On Break', loggedOff: 'Logged Out' } as const;
  return {
    agent: user('1003'),
    nobody: aor,
    phases: agentPhases,
    become: (phase) => void pbx.callcenter.set('status', user('1003'), statuses[phase]),
  };
}

export function troubleOn(pbx: FakeFreeswitch, features: 'db' | 'hash' | 'fusionpbx'): PbxTrouble {
  return {
    freeze: () => pbx.freeze(),
    thaw: () => pbx.thaw(),
    breakLinks: () => pbx.drop(),
    die: () => pbx.kill(),
    rise: () => pbx.start(),
    setDnd: (enabled) => {
      if (features === 'fusionpbx') pbx.hook?.gui(aor, { do_not_disturb: String(enabled) }, false);
      else pbx[features].set('dnd', aor, enabled ? 'true' : null);
    },
    writes: () => [...pbx.db.writes, ...pbx.hash.writes, ...pbx.fired],
  };
}
