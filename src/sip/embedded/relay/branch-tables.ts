/** RFC 3261 17.1 and RFC 6026 7.2, as a proxy needs them: provisional answers are passed on, and 2xx again and again. */
export type BranchState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';
export type BranchInput = 'repeat' | 'giveUp' | 'provisional' | 'success' | 'failure' | 'broken';
/** `pass`: the response goes on; `refuse`: it goes on and is acknowledged; `ack`: it is only acknowledged again. */
export type BranchAct = 'none' | 'send' | 'pass' | 'refuse' | 'ack' | 'timeout' | 'unsent';

interface BranchStep {
  readonly state: BranchState;
  readonly act: BranchAct;
}

export type BranchTable = Readonly<Record<BranchState, Readonly<Record<BranchInput, BranchStep>>>>;

const step = (state: BranchState, act: BranchAct = 'none'): BranchStep => ({ state, act });

const stay = (state: BranchState): Readonly<Record<BranchInput, BranchStep>> => ({
  repeat: step(state),
  giveUp: step('terminated'),
  provisional: step(state),
  success: step(state),
  failure: step(state),
  broken: step('terminated'),
});

/** 17.1.1 with the Accepted of RFC 6026 7.2. */
const invite: BranchTable = {
  calling: {
    repeat: step('calling', 'send'), // Timer A
    giveUp: step('terminated', 'timeout'), // Timer B
    provisional: step('proceeding', 'pass'),
    success: step('accepted', 'pass'),
    failure: step('completed', 'refuse'),
    broken: step('terminated', 'unsent'),
  },
  proceeding: {
    ...stay('proceeding'),
    giveUp: step('terminated', 'timeout'), // cancelled, and no answer since (9.1); before that Timer C watches
    provisional: step('proceeding', 'pass'),
    success: step('accepted', 'pass'),
    failure: step('completed', 'refuse'),
    broken: step('terminated', 'unsent'),
  },
  completed: { ...stay('completed'), failure: step('completed', 'ack') }, // Timer D
  accepted: { ...stay('accepted'), success: step('accepted', 'pass') }, // Timer M; forks and repetitions
  terminated: stay('terminated'),
};

/** 17.1.2. */
const plain: BranchTable = {
  calling: {
    repeat: step('calling', 'send'), // Timer E
    giveUp: step('terminated', 'timeout'), // Timer F
    provisional: step('proceeding', 'pass'),
    success: step('terminated', 'pass'),
    failure: step('terminated', 'pass'),
    broken: step('terminated', 'unsent'),
  },
  proceeding: {
    repeat: step('proceeding', 'send'),
    giveUp: step('terminated', 'timeout'),
    provisional: step('proceeding', 'pass'),
    success: step('terminated', 'pass'),
    failure: step('terminated', 'pass'),
    broken: step('terminated', 'unsent'),
  },
  completed: stay('terminated'),
  accepted: stay('terminated'),
  terminated: stay('terminated'),
};

export const branchTables = { plain, invite } as const;
