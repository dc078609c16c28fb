import { Daemon, Home } from '../support/daemon.ts';
import { Phone, type PhoneOptions } from '../support/phone.ts';

export const domain = 'lamplighter.test';

/** A configuration with a simulated PBX on free ports; `more` is YAML at the top level. */
export function simulatedConfig(home: Home, more = ''): string {
  return home.write(
    'lamplighter.yaml',
    `version: 1
domain: ${domain}
sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] }
store: { path: ${home.path('lamplighter.db')} }
http: { listen: '127.0.0.1:0' }
pbx:
  - { name: sim, type: simulated, extensions: ['1001-1010', 'alice'] }
${more}`,
  );
}

/** One test's daemon and phones: everything is closed at the end, whatever happened. */
export async function scene(
  work: (stage: {
    readonly home: Home;
    readonly config: string;
    start(): Promise<Daemon>;
    phone(daemon: Daemon, user: string, more?: Partial<PhoneOptions>): Promise<Phone>;
  }) => Promise<void>,
  more = '',
): Promise<void> {
  const home = new Home();
  const closing: (() => Promise<unknown>)[] = [];
  const config = simulatedConfig(home, more);
  try {
    await work({
      home,
      config,
      start: async () => {
        const daemon = await Daemon.start(config);
        closing.push(() => daemon.kill());
        await daemon.ready();
        return daemon;
      },
      phone: async (daemon, user, options = {}) => {
        const transport = options.server?.transport ?? 'udp';
        const port = transport === 'udp' ? daemon.udpPort : daemon.tcpPort;
        const phone = await Phone.open({
          user,
          password: `secret${user}`,
          domain,
          ...options,
          server: { host: '127.0.0.1', port, transport },
        });
        closing.push(() => phone.close());
        return phone;
      },
    });
  } finally {
    for (const close of closing.reverse()) await close();
    home.remove();
  }
}
