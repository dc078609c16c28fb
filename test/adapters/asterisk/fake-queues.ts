type Block = Readonly<Record<string, string>>;

/** What an action is answered: one block, or a list; and the events it raises. */
export interface Reply {
  readonly answer?: Block;
  readonly list?: readonly Block[];
  readonly events?: readonly Block[];
}

interface FakeMember {
  readonly queue: string;
  readonly interface: string;
  readonly membership: string;
  name: string;
  stateInterface: string;
  penalty: string;
  paused: boolean;
  reason: string;
  inCall: boolean;
  lastCall: number;
}

/** app_queue, res_parking and app_confbridge in small, as AMI of Asterisk 22 speaks of them. */
export class FakeQueues {
  /** Names of the queues there are. */
  readonly names = new Set<string>();
  readonly members: FakeMember[] = [];
  /** Rows of QueueEntry. */
  entries: Block[] = [];
  /** Rows of ParkedCalls and of Parkinglots. */
  parked: Block[] = [];
  lots: Block[] = [];
  /** Room to the channels in it. */
  readonly rooms = new Map<string, readonly string[]>();
  /** Rows of ExtensionStateList. */
  hints: Block[] = [];
  /** The account has the right `agent`. */
  agentRight = true;
  /** QueueAdd, QueueRemove, QueuePause, in order. */
  readonly writes: string[] = [];

  member(queue: string, iface: string, more: Partial<FakeMember> = {}): FakeMember {
    this.names.add(queue);
    const member = {
      queue,
      interface: iface,
      membership: 'dynamic',
      name: iface,
      stateInterface: iface,
      penalty: '0',
      paused: false,
      reason: '',
      inCall: false,
      lastCall: 0,
      ...more,
    };
    this.members.push(member);
    return member;
  }

  event(name: string, member: FakeMember): Block {
    return {
      Event: name,
      Privilege: 'agent,all',
      Interface: member.interface,
      MemberName: member.name,
      ...columns(member),
    };
  }

  /** null: not our action. */
  reply(action: Block): Reply | null {
    const name = action['Action'] ?? '';
    if (/^Queue(Add|Remove|Pause)$/.test(name)) {
      if (!this.agentRight) return { answer: { Response: 'Error', Message: 'Permission denied' } };
      this.writes.push(
        [name, action['Queue'], action['Interface'], action['Paused'], action['Reason'], action['Penalty']].join(' '),
      );
    }
    switch (name) {
      case 'ListCommands':
        return { answer: { Response: 'Success', ...(this.agentRight ? { QueueAdd: 'Add interface to queue.' } : {}) } };
      case 'QueueStatus':
        return {
          list: [
            ...[...this.names].map((it) => ({ Event: 'QueueParams', Queue: it, Strategy: 'ringall' })),
            ...this.members.map((it) => ({
              Event: 'QueueMember',
              Name: it.name,
              Location: it.interface,
              ...columns(it),
            })),
            ...this.entries,
          ],
        };
      case 'Parkinglots':
        return { list: this.lots };
      case 'ExtensionStateList':
        return { list: this.hints };
      case 'ParkedCalls':
        return { list: this.parked };
      case 'ConfbridgeListRooms':
        if (this.rooms.size === 0) return { answer: { Response: 'Error', Message: 'No active conferences.' } };
        return {
          list: [...this.rooms].map(([room, inside]) => ({
            Event: 'ConfbridgeListRooms',
            Conference: room,
            Parties: String(inside.length),
          })),
        };
      case 'ConfbridgeList':
        return {
          list: (this.rooms.get(action['Conference'] ?? '') ?? []).map((id) => ({
            Event: 'ConfbridgeList',
            Conference: action['Conference'] ?? '',
            Uniqueid: id,
          })),
        };
      case 'QueueAdd':
        return this.#add(action);
      case 'QueueRemove':
        return this.#remove(action);
      case 'QueuePause':
        return this.#pause(action);
      default:
        return null;
    }
  }

  #add(action: Block): Reply {
    const { Queue: queue = '', Interface: iface = '' } = action;
    if (!this.names.has(queue)) return error('Unable to add interface to queue: No such queue');
    if (this.#find(queue, iface).length > 0) return error('Unable to add interface: Already there');
    const member = this.member(queue, iface, {
      name: action['MemberName'] ?? iface,
      stateInterface: action['StateInterface'] ?? iface,
      penalty: action['Penalty'] ?? '0',
      paused: action['Paused'] === 'true',
    });
    return { answer: { Response: 'Success' }, events: [this.event('QueueMemberAdded', member)] };
  }

  #remove(action: Block): Reply {
    const [member] = this.#find(action['Queue'], action['Interface']);
    if (member === undefined) return error('Unable to remove interface: Not there');
    if (member.membership !== 'dynamic') return error('Unable to remove interface: Member not dynamic');
    this.members.splice(this.members.indexOf(member), 1);
    return { answer: { Response: 'Success' }, events: [this.event('QueueMemberRemoved', member)] };
  }

  #pause(action: Block): Reply {
    const found = this.#find(action['Queue'], action['Interface']);
    if (found.length === 0) return error('Interface not found');
    for (const member of found) {
      member.paused = action['Paused'] === 'true';
      member.reason = member.paused ? (action['Reason'] ?? '') : '';
    }
    return { answer: { Response: 'Success' }, events: found.map((it) => this.event('QueueMemberPause', it)) };
  }

  /** Without a queue: in all of them. */
  #find(queue: string | undefined, iface: string | undefined): readonly FakeMember[] {
    return this.members.filter((it) => it.interface === iface && (queue === undefined || it.queue === queue));
  }
}

function columns(member: FakeMember): Block {
  return {
    Queue: member.queue,
    StateInterface: member.stateInterface,
    Membership: member.membership,
    Penalty: member.penalty,
    LastCall: String(member.lastCall),
    LastPause: member.paused ? '1700000000' : '0',
    InCall: member.inCall ? '1' : '0',
    Status: '1',
    Paused: member.paused ? '1' : '0',
    PausedReason: member.reason,
    Wrapuptime: '0',
  };
}

function error(message: string): Reply {
  return { answer: { Response: 'Error', Message: message } };
}
