import { join } from 'node:path';
import { parseListenPoint } from '../../../config/listen-point.ts';
import { broken, odd, type Remark } from '../../../model/check.ts';
import { isLoopback } from '../../../sip/local-addresses.ts';
import type { HostCheck } from './seen.ts';
import { textOf } from './sockets.ts';

/** Times in logs, certificates and nonces live on it. */
export const clock: HostCheck = {
  name: 'clock',
  look: async ({ ask, now }) => {
    // older than this program: the battery of the host is empty, and every certificate seems to be from the future
    if (now < Date.UTC(2026, 0, 1)) {
      return [
        broken(`this host believes it is ${new Date(now).toISOString().slice(0, 10)}`, 'timedatectl set-ntp true'),
      ];
    }
    const text = await ask('timedatectl', ['show', '--property=NTPSynchronized', '--property=NTP']);
    if (text === null || !/^NTPSynchronized=no$/m.test(text)) return [];
    const fix = /^NTP=yes$/m.test(text)
      ? 'no time server answers: timedatectl timesync-status says which one is asked'
      : 'timedatectl set-ntp true, or install chrony';
    return [odd('the clock of this host follows no time server', fix)];
  },
};

/** Thousands of phones that subscribe at once need so much; bytes. */
const wantedBuffer = 4 * 1024 * 1024;

/** After a power cut all phones come at once, and the kernel keeps what is waiting. */
export const socketBuffers: HostCheck = {
  name: 'socket-buffers',
  look: ({ root, config }) => {
    if (!config.sip.listen.some((point) => point.startsWith('udp:'))) return [];
    const text = textOf(join(root, 'proc/sys/net/core/rmem_max')).trim();
    const most = Number(text);
    if (text === '' || !(most < wantedBuffer)) return [];
    return [
      odd(
        `net.core.rmem_max is ${most}: when thousands of phones come at once, the kernel drops what is waiting`,
        `echo 'net.core.rmem_max = ${wantedBuffer}' > /etc/sysctl.d/60-lamplighter.conf; sysctl --system; start Lamplighter anew. Not needed for a few hundred phones`,
      ),
    ];
  },
};

/** ufw and firewalld say what they let in; rules by hand are not looked at. */
export const firewall: HostCheck = {
  name: 'firewall',
  look: async ({ root, config, ask }) => {
    const points = config.sip.listen.map(parseListenPoint).filter(({ address }) => !isLoopback(address));
    const remarks: Remark[] = [];
    if (/^ENABLED=yes$/im.test(textOf(join(root, 'etc/ufw/ufw.conf')))) {
      const rules = textOf(join(root, 'etc/ufw/user.rules'))
        .split('\n')
        .filter((line) => /\bACCEPT\b/.test(line));
      const shut = points.filter(
        ({ transport, port }) => !rules.some((rule) => lets(rule, protocolOf(transport), port)),
      );
      for (const { transport, port } of shut) {
        const rule = `ufw allow ${port}/${protocolOf(transport)}`;
        remarks.push(odd(`ufw is on, and no rule of it lets phones reach ${transport} port ${port}`, rule));
      }
    }
    const zone = await ask('firewall-cmd', ['--list-all']);
    if (zone === null || /^\s*target: ACCEPT$/m.test(zone)) return remarks;
    const [, open = ''] = /^\s*ports: (.*)$/m.exec(zone) ?? [];
    for (const { transport, port } of points) {
      const protocol = protocolOf(transport);
      if (
        open
          .split(' ')
          .some((one) => one.endsWith(`/${protocol}`) && within(one.replace(/\/.*/, '').replace('-', ':'), port))
      )
        continue;
      const rule = `firewall-cmd --permanent --add-port=${port}/${protocol}; firewall-cmd --reload`;
      remarks.push(odd(`firewalld is on, and its zone does not let phones reach ${transport} port ${port}`, rule));
    }
    return remarks;
  },
};

/** A rule of `user.rules`; one without a port lets all of them in for some address. */
function lets(rule: string, protocol: string, port: number): boolean {
  if (!/-A ufw6?-user-input\b/.test(rule)) return false;
  const [, ruleProtocol = protocol] = / -p (\w+)/.exec(rule) ?? [];
  const [, ports] = / --dports? (\S+)/.exec(rule) ?? [];
  if (ruleProtocol !== protocol) return false;
  return ports === undefined || ports.split(',').some((one) => within(one, port));
}

function within(range: string, port: number): boolean {
  const [first = Number.NaN, last = first] = range.split(':').map(Number);
  return port >= first && port <= last;
}

function protocolOf(transport: string): 'tcp' | 'udp' {
  return transport === 'udp' ? 'udp' : 'tcp';
}
