import { agentPhases } from '../../../src/model/agent.ts';
import { aorOf } from '../../../src/model/aor.ts';
import type { AgentsHand, HandCall, PbxHand, PbxTrouble } from '../../contracts/adapter.ts';
import type { FakeAmi } from './fake-ami.ts';
import type { FakeAri } from './fake-ari.ts';
import { channel } from './rig.ts';

/** What phones do at an Asterisk in small: 1002 calls 1001, and what else 1001 is there for. */
export function handOn(ari: FakeAri, ami: FakeAmi): PbxHand {
  return {
    call: () => call(ari, ami),
    register: (there) =>
      ami.send({
        Event: 'ContactStatus',
        EndpointName: '1001',
        URI: 'sip:1001@127.0.0.1:5161',
        ContactStatus: there ? 'Reachable' : 'Removed',
      }),
    mailbox: (counts) =>
      ami.send({
        Event: 'MessageWaiting',
        Mailbox: '1001@default',
        Waiting: '1',
        New: String(counts.new),
        Old: String(counts.old),
      }),
  };
}

/** 1002 is a dynamic agent of queue 500, as FreePBX lists him; 1001 is none. */
export function agentsOn(ami: FakeAmi): AgentsHand {
  const { queues } = ami;
  queues.names.add('500');
  ami.database.set('QPENALTY/500/agents/1002', '0');
  const iface = 'Local/1002@from-queue/n';
  const change = (action: Readonly<Record<string, string>>) => {
    for (const event of queues.reply({ Interface: iface, ...action })?.events ?? []) ami.send(event);
  };
  return {
    agent: aorOf('1002', 'lab.test'),
    nobody: aorOf('1001', 'lab.test'),
    phases: agentPhases,
    become: (phase) => {
      if (phase === 'loggedOff') change({ Action: 'QueueRemove', Queue: '500' });
      else {
        change({ Action: 'QueueAdd', Queue: '500' });
        change({ Action: 'QueuePause', Paused: String(phase === 'notReady') });
      }
    },
  };
}

export function troubleOn(ari: FakeAri, ami: FakeAmi): PbxTrouble {
  return {
    freeze: () => {
      ami.frozen = true;
    },
    thaw: () => {
      ami.frozen = false;
    },
    breakLinks: () => {
      ari.drop();
      ami.drop();
    },
    die: async () => {
      await ari.close();
      await ami.close();
      ari.channels = [];
    },
    rise: async () => {
      ari.startup = '2023-11-14T23:00:00.000+0000';
      await ari.listen();
      await ami.listen();
    },
    setDnd: (enabled) => {
      if (enabled) ami.database.set('DND/1001', 'YES');
      else ami.database.delete('DND/1001');
    },
    writes: () => ami.writes,
  };
}

function call(ari: FakeAri, ami: FakeAmi): HandCall {
  const as = (state: { readonly caller: string; readonly callee: string }) => ({
    caller: channel('a.1', 'PJSIP/1002-00000001', state.caller, '1001'),
    callee: channel('b.2', 'PJSIP/1001-00000002', state.callee, '1002'),
  });
  const down = as({ caller: 'Ring', callee: 'Down' });
  const ringing = as({ caller: 'Ring', callee: 'Ringing' });
  const talking = as({ caller: 'Up', callee: 'Up' });
  ami.send({ Event: 'Newchannel', Uniqueid: 'b.2', Linkedid: 'a.1', Channel: 'PJSIP/1001-00000002' });
  ari.channels = [ringing.caller, ringing.callee];
  ari.send({ type: 'ChannelCreated', channel: down.caller });
  ari.send({ type: 'ChannelCreated', channel: down.callee });
  ari.send({ type: 'Dial', dialstatus: '', caller: down.caller, peer: down.callee });
  ari.send({ type: 'ChannelStateChange', channel: ringing.callee });
  return {
    answer: () => {
      ari.channels = [talking.caller, talking.callee];
      ari.send({ type: 'ChannelStateChange', channel: talking.callee });
      ari.send({ type: 'Dial', dialstatus: 'ANSWER', caller: talking.caller, peer: talking.callee });
      ari.send({ type: 'ChannelStateChange', channel: talking.caller });
    },
    hold: () => ari.send({ type: 'ChannelHold', channel: talking.callee }),
    resume: () => ari.send({ type: 'ChannelUnhold', channel: talking.callee }),
    hangup: () => {
      ari.channels = [];
      for (const it of [talking.callee, talking.caller]) ari.send({ type: 'ChannelDestroyed', channel: it });
    },
  };
}
