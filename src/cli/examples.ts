/** What people type, by command: in the manual and in docs/cli.md. A test runs each of these lines through the program. */
export const examples: Readonly<Record<string, readonly (readonly [line: string, does: string])[]>> = {
  start: [['start --config /etc/lamplighter/lamplighter.yaml', 'runs the daemon beside a real PBX']],
  'check-config': [['check-config lamplighter.yaml', 'names what is wrong in it, with lines']],
  'migrate-config': [
    ['migrate-config lamplighter.yaml --dry-run', 'what an upgrade would change in it, and changes nothing'],
  ],
  ext: [
    ['ext', 'all extensions'],
    ['ext 1001 --json', 'one of them, for a program'],
  ],
  subs: [
    ['subs 1001', 'who watches 1001'],
    ['subs --watcher 1002', 'what the phones of 1002 watch'],
  ],
  trace: [
    ['trace 1001', 'a line for each message of its phones'],
    ['trace 1001 --follow --text', 'the whole messages, as they pass'],
  ],
  set: [
    ['set 1001 dnd on', 'do not disturb'],
    ['set 1001 cfa on 1002', 'forwards all calls to 1002'],
    ['set 1001 cfna on 1003 --rings 4', 'forwards after four rings'],
    ['set 1001 cfna off', 'no more; the target is kept'],
  ],
  renotify: [
    ['renotify 1001', 'all who watch 1001 are told again'],
    ['renotify --id 17', 'subscription 17 is'],
  ],
  kick: [['kick 17 18', 'ends two subscriptions']],
  audit: [['audit 1001 --limit 20', 'the last 20 changes of its features']],
  provision: [
    ['provision snom 1001 --lamps 1002,1003', 'for a Snom of 1001 with two lamp keys, as the daemon is set up'],
    ['provision yealink 1001 --way inline', 'for a Yealink, which needs Lamplighter as its outbound proxy'],
  ],
  'check-sync': [['check-sync 1001 --reboot', 'its phones start again']],
  simulate: [
    ["simulate call 1001 1002 'Ann Smith'", 'rings in the demo, and prints the ID of the call'],
    ['simulate mailbox 1001 2', 'two new messages wait'],
  ],
  'log-level': [['log-level debug', 'says more, until the next start']],
};
