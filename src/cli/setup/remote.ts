import { isIP } from 'node:net';
import { hostPort } from '../../model/host-port.ts';
import type { PbxAccess } from '../../model/setup.ts';

/** Whether somebody has typed a host, by its name or its address, without a port. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text);
}

/** An Asterisk on another host, with the ports it has where nobody changed them. */
export function remoteAsterisk(host: string): PbxAccess {
  return {
    type: 'asterisk',
    features: 'astdb',
    ami: { host, port: 5038, username: 'lamplighter' },
    ari: { url: `http://${hostPort(host, 8088)}`, username: 'lamplighter' },
  };
}

/** @param domain of its users. */
export function remoteFreeswitch(host: string, domain: string): PbxAccess {
  return { type: 'freeswitch', features: 'db', esl: { host, port: 8021, user: `lamplighter@${domain}` } };
}
