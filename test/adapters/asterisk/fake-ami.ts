import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { FakeQueues } from './fake-queues.ts';

type Block = Readonly<Record<string, string>>;

/** AMI in small, with a database and device states. */
export class FakeAmi {
  readonly username = 'lamplighter';
  password = 'ami-secret-91c2';
  /** `allowmultiplelogin`. */
  manySessions = true;
  /** `family/key` to value. */
  readonly database = new Map<string, string>();
  /** Rows of PJSIPShowContacts; none: as Asterisk says it. */
  readonly contacts: Readonly<Record<string, string>>[] = [];
  /** `DBPut DND/1001=YES`, `Setvar DEVICE_STATE(Custom:DND1001)=BUSY`: writes, in order. */
  readonly writes: string[] = [];
  /** Events classes asked for at the last login. */
  events = '';
  logins = 0;
  logoffs = 0;
  /** Nothing is answered any more. */
  frozen = false;
  /** Actions that are swallowed. */
  readonly swallowed = new Set<string>();
  /** Actions that the account has no right to. */
  readonly denied = new Set<string>();
  /** Actions that sessions have no right to whose login comes after this: Asterisk gives rights at the login. */
  readonly deniedAtLogin = new Set<string>();
  /** Actions whose module is not loaded. */
  readonly unknown = new Set<string>();
  /** Modules that are not loaded. */
  readonly unloaded = new Set<string>();
  /** `ari.conf/general` to its lines. */
  readonly sections = new Map<string, readonly string[]>();
  version = '22.10.1';
  /** How far its clock is ahead; seconds. */
  ahead = 0;
  /** Events that are not told: the account does not read their class. */
  readonly untold = new Set<string>();
  /** It tells who logs in that it has booted. */
  tellsBoot = true;
  /** Actions that are answered so many milliseconds later. */
  readonly delays = new Map<string, number>();
  /** Endpoint to the name of its caller id, where that is another than `Phone 1001`. */
  readonly displayNames = new Map<string, string>();
  /** Endpoint to its mailboxes, where they are others than `1001@default`. */
  readonly mailboxes = new Map<string, string>();
  /** Events in one piece with the end of a list. */
  afterList: (action: string) => readonly Block[] = () => [];
  /** Queues, parking and conferences. */
  readonly queues = new FakeQueues();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Each session, and what it was denied at its login. */
  readonly #loggedIn = new Map<Socket, ReadonlySet<string>>();
  readonly #states = new Map<string, string>();
  readonly #late = new Set<NodeJS.Timeout>();
  #port = 0;

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#loggedIn.delete(socket);
      });
      socket.write('Asterisk Call Manager/11.0.0\r\n');
      let rest = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        const blocks = `${rest}${text}`.split('\r\n\r\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const action = parse(block);
          const delay = this.delays.get(action['Action'] ?? '') ?? 0;
          if (delay === 0) this.#take(socket, action);
          else this.#late.add(setTimeout(() => this.#take(socket, action), delay));
        }
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#loggedIn.size;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    for (const timer of this.#late) clearTimeout(timer);
    await closed;
  }

  /** Every connection breaks; the process goes on. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  send(event: Block): void {
    if (this.untold.has(event['Event'] ?? '')) return;
    for (const socket of this.#loggedIn.keys()) write(socket, event);
  }

  /** A `Custom:` state is told of where it changes. */
  #tellState(variable: string, state: string): void {
    const device = /^DEVICE_STATE\((.*)\)$/.exec(variable)?.[1];
    if (device === undefined || this.#states.get(device) === state) return;
    this.#states.set(device, state);
    this.database.set(`CustomDevstate/${device.replace('Custom:', '')}`, state);
    this.send({ Event: 'DeviceStateChange', Device: device, State: state });
  }

  #take(socket: Socket, action: Block): null {
    const name = action['Action'] ?? '';
    if (this.frozen || this.swallowed.has(name)) return null;
    const id: Block = action['ActionID'] === undefined ? {} : { ActionID: action['ActionID'] };
    const say = (block: Block): null => {
      write(socket, { ...block, ...id });
      return null;
    };
    const list = (rows: readonly Block[]): null => {
      say({ Response: 'Success', EventList: 'start' });
      for (const row of rows) say(row);
      const end = { Event: `${name}Complete`, EventList: 'Complete', ...id };
      socket.write([end, ...this.afterList(name)].map(lines).join(''));
      return null;
    };
    if (name === 'Login') {
      if (!this.manySessions && this.#loggedIn.size > 0) {
        return say({ Response: 'Error', Message: 'Login Already In Use' });
      }
      const good = action['Username'] === this.username && action['Secret'] === this.password;
      say({
        Response: good ? 'Success' : 'Error',
        Message: good ? 'Authentication accepted' : 'Authentication failed',
      });
      if (!good) return null;
      this.logins++;
      this.events = action['Events'] ?? '';
      this.#loggedIn.set(socket, new Set(this.deniedAtLogin));
      if (this.tellsBoot) write(socket, { Event: 'FullyBooted' });
      return null;
    }
    const denied = this.#loggedIn.get(socket);
    if (denied === undefined || denied.has(name) || this.denied.has(name)) {
      return say({ Response: 'Error', Message: 'Permission denied' });
    }
    if (this.unknown.has(name)) {
      return say({
        Response: 'Error',
        Message: `Invalid/unknown command: ${name}. Use Action: ListCommands to show available commands.`,
      });
    }
    if (name === 'Logoff') {
      this.logoffs++;
      say({ Response: 'Goodbye', Message: 'Thanks for all the fish.' });
      socket.end();
      return null;
    }
    if (name === 'ListCommands') {
      const known = commands.filter((it) => !this.denied.has(it) && !denied.has(it) && !this.unknown.has(it));
      const agent = this.queues.agentRight ? ['QueueAdd'] : [];
      return say({ Response: 'Success', ...Object.fromEntries([...known, ...agent].map((it) => [it, 'does it'])) });
    }
    const reply = this.queues.reply(action);
    if (reply !== null) {
      // COMPAT(Asterisk 22): the event of a change comes before the answer to who asked for it.
      for (const event of this.queues.agentRight ? (reply.events ?? []) : []) this.send(event);
      return reply.list === undefined ? say(reply.answer ?? { Response: 'Success' }) : list(reply.list);
    }
    const row = `${action['Family']}/${action['Key']}`;
    switch (name) {
      case 'PJSIPShowEndpoints':
        return list([
          { Event: 'EndpointList', ObjectName: '1001', Aor: '1001', Auths: '1001-auth', OutboundAuths: '' },
          { Event: 'EndpointList', ObjectName: '1002', Aor: '1002', Auths: '1002-auth', OutboundAuths: '' },
          { Event: 'EndpointList', ObjectName: 'provider', Aor: 'provider', Auths: '', OutboundAuths: 'provider' },
        ]);
      case 'PJSIPShowEndpoint':
        return list([
          {
            Event: 'EndpointDetail',
            ObjectName: action['Endpoint'] ?? '',
            Callerid: `"${this.displayNames.get(action['Endpoint'] ?? '') ?? `Phone ${action['Endpoint']}`}" <${action['Endpoint']}>`,
            Mailboxes: this.mailboxes.get(action['Endpoint'] ?? '') ?? `${action['Endpoint']}@default`,
            NamedCallGroup: 'sales, support',
          },
          {
            Event: 'AuthDetail',
            Username: action['Endpoint'] ?? '',
            AuthType: 'userpass',
            Password: 'phone-secret-1001',
          },
        ]);
      case 'PJSIPShowAuths':
        return list([
          {
            Event: 'AuthList',
            ObjectName: '1001-auth',
            AuthType: 'userpass',
            Username: '1001',
            Password: 'phone-secret-1001',
          },
          { Event: 'AuthList', ObjectName: '1002-auth', AuthType: 'md5', Username: '1002', Md5Cred: 'a'.repeat(32) },
        ]);
      case 'PJSIPShowContacts':
        return this.contacts.length > 0
          ? list(this.contacts.map((row) => ({ Event: 'ContactList', ...row })))
          : say({ Response: 'Error', Message: 'No Contacts found' });
      case 'PJSIPNotify':
        this.writes.push(`PJSIPNotify ${action['Endpoint']} ${action['Variable']}`);
        return say({ Response: 'Success', Message: 'NOTIFY sent' });
      case 'CoreStatus':
        return say({ Response: 'Success', CoreStartupDate: '2023-11-14', CoreStartupTime: '22:00:00' });
      case 'MailboxCount':
        return say({ Response: 'Success', NewMessages: '2', OldMessages: '1', UrgMessages: '0' });
      case 'DBGetTree':
        return list(
          [...this.database]
            .filter(([key]) => key.startsWith(`${action['Family']}/`))
            .map(([key, value]) => ({ Event: 'DBGetTreeResponse', Key: `/${key}`, Val: value })),
        );
      case 'DBGet': {
        const value = this.database.get(row);
        if (value === undefined) return say({ Response: 'Error', Message: 'Database entry not found' });
        return list([{ Event: 'DBGetResponse', Family: action['Family'] ?? '', Key: action['Key'] ?? '', Val: value }]);
      }
      case 'DBPut':
        this.writes.push(`DBPut ${row}=${action['Val']}`);
        this.database.set(row, action['Val'] ?? '');
        return say({ Response: 'Success' });
      case 'DBDel':
        this.writes.push(`DBDel ${row}`);
        if (this.database.delete(row)) return say({ Response: 'Success' });
        return say({ Response: 'Error', Message: 'Database entry could not be deleted' });
      case 'Setvar':
        this.writes.push(`Setvar ${action['Variable']}=${action['Value']}`);
        this.#tellState(action['Variable'] ?? '', action['Value'] ?? '');
        return say({ Response: 'Success' });
      case 'Ping':
        return say({ Response: 'Success', Ping: 'Pong', Timestamp: String(Date.now() / 1000 + this.ahead) });
      case 'CoreSettings':
        return say({ Response: 'Success', AsteriskVersion: this.version });
      case 'ModuleCheck':
        return say({ Response: this.unloaded.has(action['Module'] ?? '') ? 'Error' : 'Success' });
      case 'GetConfig': {
        const section = this.sections.get(`${action['Filename']}/${action['Category']}`);
        if (section === undefined) return say({ Response: 'Error', Message: 'No category found' });
        const rows = section.map((line, index) => [`Line-000000-00000${index}`, line]);
        return say({ Response: 'Success', 'Category-000000': action['Category'] ?? '', ...Object.fromEntries(rows) });
      }
      case 'CoreShowChannels':
        return list([]);
      default:
        return say({ Response: 'Success' });
    }
  }
}

/** Those that Lamplighter uses, but for queues. */
const commands = [
  'DBPut',
  'DBDel',
  'DBGet',
  'DBGetTree',
  'PJSIPShowEndpoints',
  'PJSIPShowContacts',
  'PJSIPShowAuths',
  'PJSIPNotify',
  'Setvar',
  'Getvar',
  'CoreShowChannels',
  'MailboxCount',
  'ExtensionStateList',
  'ModuleCheck',
];

function write(socket: Socket, block: Block): void {
  socket.write(lines(block));
}

function lines(block: Block): string {
  const fields = Object.entries(block).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${fields.join('')}\r\n`;
}

function parse(text: string): Block {
  return Object.fromEntries(text.split('\r\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
}
