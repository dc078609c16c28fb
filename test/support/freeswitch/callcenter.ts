import type { EventMaker, Headers } from './event.ts';

interface FakeAgent {
  readonly name: string;
  readonly contact: string;
  readonly wrapUpSeconds: number;
  status: string;
  state: string;
  lastBridgeEnd: number;
}

const columns =
  'name|instance_id|uuid|type|contact|status|state|max_no_answer|wrap_up_time|reject_delay_time|busy_delay_time|no_answer_delay_time|last_bridge_start|last_bridge_end|last_offered_call|last_status_change|no_answer_count|calls_answered|talk_time|ready_time|external_calls_count';
const statuses = ['Logged Out', 'Available', 'Available (On Demand)', 'On Break'];
const states = ['Waiting', 'Receiving', 'In a queue call', 'Idle', 'Reserved'];

/** mod_callcenter in small (cc_config_api_function, cc_agent_update): not loaded until it has an agent. */
export class Callcenter {
  readonly #maker: EventMaker;
  readonly #fire: (event: Headers) => void;
  readonly #agents = new Map<string, FakeAgent>();
  /** Every `agent set`, as it was sent. */
  readonly writes: string[] = [];
  /** Called before `agent get` is answered. */
  onGet: (key: 'status' | 'state') => void = () => undefined;

  constructor(maker: EventMaker, fire: (event: Headers) => void) {
    this.#maker = maker;
    this.#fire = fire;
  }

  add(name: string, more: { readonly contact?: string; readonly wrapUpSeconds?: number } = {}): void {
    const { contact = `user/${name}`, wrapUpSeconds = 0 } = more;
    const agent = { name, contact, wrapUpSeconds, status: 'Logged Out', state: 'Waiting', lastBridgeEnd: 0 };
    this.#agents.set(name, agent);
  }

  get(name: string): Readonly<FakeAgent> | undefined {
    return this.#agents.get(name);
  }

  /** A supervisor, a script or the module itself. */
  set(key: 'status' | 'state', name: string, value: string): string {
    const agent = this.#agents.get(name);
    if (agent === undefined) return '-ERR Agent not found!';
    if (!(key === 'status' ? statuses : states).includes(value)) return `-ERR Invalid Agent ${titled(key)}!`;
    agent[key] = value;
    this.#tell(`agent-${key}-change`, { 'CC-Agent': name, [`CC-Agent-${titled(key)}`]: value });
    return '+OK';
  }

  /** A call of a queue from offer to end, as far as the agent is concerned. */
  call(name: string): { end(): void } {
    this.set('state', name, 'Receiving');
    this.set('state', name, 'In a queue call');
    return {
      end: () => {
        const agent = this.#agents.get(name);
        if (agent === undefined) throw new Error(`no agent ${name}`);
        this.#tell('bridge-agent-end', { 'CC-Agent': name, 'CC-Agent-Bridged': 'true' });
        agent.lastBridgeEnd = Math.floor(Date.now() / 1000);
        this.set('state', name, agent.status === 'Available (On Demand)' ? 'Idle' : 'Waiting');
      },
    };
  }

  /** null: no such module. */
  api(args: string): string | null {
    if (this.#agents.size === 0) return null;
    const words = [...args.matchAll(/'([^']*)'|(\S+)/g)].map((it) => it[1] ?? it[2] ?? '');
    const [section, action, key = '', name = '', value = ''] = words;
    if (section === 'queue') return args === 'queue list members' ? 'queue|\n+OK' : 'name|strategy|\n+OK';
    if (section !== 'agent') return '+OK';
    if (action === 'list') return this.#list();
    if (action === 'get' && (key === 'status' || key === 'state')) {
      this.onGet(key);
      return this.#agents.get(name)?.[key] ?? '-ERR Agent not found!';
    }
    if (action !== 'set' || (key !== 'status' && key !== 'state')) return '-ERR Invalid!';
    this.writes.push(args);
    return this.set(key, name, value);
  }

  #list(): string {
    const rows = [...this.#agents.values()].map(({ name, contact, status, state, wrapUpSeconds, lastBridgeEnd }) =>
      [name, 'single_box', '', 'callback', contact, status, state, 3, wrapUpSeconds, 0, 0, 0, 0, lastBridgeEnd, 0, 0]
        .concat([0, 0, 0, 0, 0])
        .join('|'),
    );
    return [columns, ...rows, '+OK'].join('\n');
  }

  #tell(action: string, headers: Headers): void {
    const event = { 'Event-Subclass': 'callcenter::info', 'CC-Action': action, ...headers };
    this.#fire(this.#maker.event('CUSTOM', event, 'mod_callcenter.c'));
  }
}

function titled(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}
