/** RFC 3261 17.2 and RFC 6026 7.1, as tables: what comes, what state follows, and what is done. */
export type ServerState = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';
export type ServerInput = 'retransmission' | 'provisional' | 'success' | 'failure' | 'ack' | 'timerG' | 'timer';
/**
 * `send`: this answer; `resend`: the same bytes again; `repeat`: again, and later once more; `confirmed`: the ACK has come;
 * `unanswered`: the handler never answered.
 */
export type ServerAct = 'none' | 'send' | 'resend' | 'repeat' | 'confirmed' | 'unanswered';

interface ServerStep {
  readonly state: ServerState;
  readonly act: ServerAct;
}

export type ServerTable = Readonly<Record<ServerState, Readonly<Record<ServerInput, ServerStep>>>>;

const stay = (state: ServerState): Readonly<Record<ServerInput, ServerStep>> => {
  const step: ServerStep = { state, act: 'none' };
  return {
    retransmission: step,
    provisional: step,
    success: step,
    failure: step,
    ack: step,
    timerG: step,
    timer: step,
  };
};

const over: ServerStep = { state: 'terminated', act: 'none' };

/**
 * 17.2.2. An INVITE that is answered here takes the same way: its final answer is repeated when the INVITE is, its ACK ends
 * here unseen. Timer G would send a refusal eleven times to whoever an INVITE claims to come from.
 */
const plain: ServerTable = {
  trying: {
    ...stay('trying'), // 17.2.2: a retransmission is discarded in Trying
    provisional: { state: 'proceeding', act: 'send' },
    success: { state: 'completed', act: 'send' },
    failure: { state: 'completed', act: 'send' },
    timer: { state: 'terminated', act: 'unanswered' }, // the client's Timer F is over: nobody waits any more
  },
  proceeding: {
    ...stay('proceeding'),
    retransmission: { state: 'proceeding', act: 'resend' },
    provisional: { state: 'proceeding', act: 'send' },
    success: { state: 'completed', act: 'send' },
    failure: { state: 'completed', act: 'send' },
    timer: over,
  },
  completed: {
    ...stay('completed'), // any further response is discarded
    retransmission: { state: 'completed', act: 'resend' },
    timer: over, // Timer J
  },
  confirmed: stay('terminated'),
  accepted: stay('terminated'),
  terminated: stay('terminated'),
};

/** 17.2.1 with the Accepted of RFC 6026 7.1, for an INVITE that was sent on. */
const invite: ServerTable = {
  trying: {
    ...stay('trying'),
    provisional: { state: 'proceeding', act: 'send' },
    success: { state: 'accepted', act: 'send' },
    failure: { state: 'completed', act: 'send' },
    timer: over,
  },
  proceeding: {
    ...stay('proceeding'),
    retransmission: { state: 'proceeding', act: 'resend' },
    provisional: { state: 'proceeding', act: 'send' },
    success: { state: 'accepted', act: 'send' },
    failure: { state: 'completed', act: 'send' },
    timer: over,
  },
  completed: {
    ...stay('completed'),
    retransmission: { state: 'completed', act: 'resend' },
    ack: { state: 'confirmed', act: 'confirmed' },
    timerG: { state: 'completed', act: 'repeat' },
    timer: over, // Timer H: the ACK never came
  },
  confirmed: { ...stay('confirmed'), timer: over }, // Timer I
  accepted: {
    ...stay('accepted'), // RFC 6026 7.1: repetitions of the INVITE are absorbed, the 2xx is repeated by who answered
    success: { state: 'accepted', act: 'send' },
    timer: over, // Timer L
  },
  terminated: stay('terminated'),
};

export const serverTables = { plain, invite } as const;
