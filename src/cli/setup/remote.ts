import { hostPort } from '../../model/host-port.ts';
import type { PbxAccess } from '../../model/setup.ts';

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
