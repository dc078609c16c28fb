import type { WantedLines } from '../discovery.ts';
import type { ConfFile } from './conf-file.ts';

/** The name of Lamplighter's accounts. */
export const account = 'lamplighter';

/** Adds to [general], or opens one. */
export function opening(conf: ConfFile | null, settings: readonly string[]): readonly string[] {
  return [conf?.has('general') ? '[general](+)' : '[general]', ...settings];
}

/** What an Asterisk on another host needs, for somebody to paste there. @param from the address Lamplighter comes from. */
export function asteriskElsewhere(from: string): readonly WantedLines[] {
  const common = { syntax: 'conf', before: null, create: false } as const;
  const file = (name: string) => `/etc/asterisk/${name}`;
  const custom = (name: string) => `${name}; on FreePBX only the account, in the _custom.conf file`;
  return [
    {
      ...common,
      file: file('manager.conf'),
      why: custom('AMI for this host alone, with an account that may do what Lamplighter needs'),
      lines: ({ ami }) => ['[general]', 'enabled = yes', 'bindaddr = 0.0.0.0', 'port = 5038', ...amiAccount(ami, from)],
    },
    {
      ...common,
      file: file('http.conf'),
      why: "Asterisk's HTTP server, which ARI needs: let a firewall admit this host alone, nothing is encrypted",
      lines: () => ['[general]', 'enabled = yes', 'bindaddr = 0.0.0.0', 'bindport = 8088'],
    },
    {
      ...common,
      file: file('ari.conf'),
      why: custom('an ARI user'),
      lines: ({ ari }) => ['[general]', 'enabled = yes', ...ariUser(ari)],
    },
  ];
}

/** @param from the address its logins come from. */
export function amiAccount(password: string, from: string): readonly string[] {
  return [
    `[${account}]`,
    `secret = ${password}`,
    'deny = 0.0.0.0/0.0.0.0',
    from.includes(':') ? `permit = ${from}/128` : `permit = ${from}/255.255.255.255`,
    'read = system,call,reporting,agent',
    'write = system,call,reporting,agent',
    'writetimeout = 1000',
  ];
}

/** COMPAT(Asterisk): subscriptions are POSTs, so a user who may only read is none. */
export function ariUser(password: string): readonly string[] {
  return [`[${account}]`, 'type = user', 'read_only = no', 'password_format = plain', `password = ${password}`];
}
