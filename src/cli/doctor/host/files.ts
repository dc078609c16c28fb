import { X509Certificate } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { judgeCertificate } from '../../../examination/certificates.ts';
import { isOpenToOthers } from '../../../examination/open-file.ts';
import { broken, fine, odd, type Remark, someOf } from '../../../model/check.ts';
import type { HostCheck } from './seen.ts';
import { textOf } from './sockets.ts';

/** Passwords, tokens and keys are for the daemon's user alone. */
export const secretFiles: HostCheck = {
  name: 'secret-files',
  look: ({ file, config }) => {
    const text = file === null ? '' : textOf(file);
    const named = [...text.matchAll(/\b(?:password|token|secret)File\s*:\s*['"]?([^'"\s,}\]]+)/g)].map(
      ([, path = '']) => path,
    );
    const key = config.sip.tls?.key;
    const secret = [...named, ...(key === undefined ? [] : [key])];
    // one that stands in the file itself makes a secret of the file
    if (file !== null && /^[^#\n]*\b(?:password|token|secret)\s*:\s*\S/m.test(text)) secret.push(file);
    const open = [...new Set(secret)].filter(isOpenToOthers);
    return open.map((path) =>
      broken(`every user of this host can read ${path}, which holds a secret`, `chmod o= ${path}`),
    );
  },
};

/** The certificate of a daemon that does not run: it shows none. */
export const certificateFile: HostCheck = {
  name: 'certificate-file',
  look: ({ config, running, now }) => {
    const file = config.sip.tls?.cert;
    if (running || file === undefined) return [];
    try {
      const names = [
        ...(config.sip.advertise === undefined ? [] : [config.sip.advertise.replace(/:\d+$/, '')]),
        config.domain,
        ...config.aliases,
      ];
      const remarks = judgeCertificate(new X509Certificate(readFileSync(file)), names, now);
      return remarks.length > 0 ? remarks : [fine(`${file} is good`)];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return [broken(`${file} is no certificate: ${reason}`, 'correct sip.tls.cert')];
    }
  },
};

/** Where Asterisk's log is, the usual one first. */
const logs = ['full', 'messages', 'messages.log'];
/** Of a log the end is read; bytes. */
const tailBytes = 2 * 1024 * 1024;
/** COMPAT(Asterisk, res_pjsip_pubsub.c): what it writes for each SUBSCRIBE that it answers with 489. */
const refused = /No registered subscribe handler for event ([^\s']+)(?: from (\S+))?/;

/** Phones that ask Asterisk for what Lamplighter has. */
export const asteriskLog: HostCheck = {
  name: 'asterisk-log',
  look: ({ root }) => {
    for (const name of logs) {
      const path = join(root, 'var/log/asterisk', name);
      const text = tailOf(path);
      if (text === null) continue;
      const events = new Map<string, { count: number; readonly who: Set<string> }>();
      for (const line of text.split('\n')) {
        const [, event, who] = refused.exec(line) ?? [];
        if (event === undefined) continue;
        const found = events.get(event) ?? { count: 0, who: new Set<string>() };
        events.set(event, found);
        found.count += 1;
        if (who !== undefined) found.who.add(who.replace(/[.,;]$/, ''));
      }
      return [...events].map(([event, { count, who }]) => remarkOf(path, event, count, [...who]));
    }
    return [];
  },
};

function remarkOf(path: string, event: string, count: number, who: readonly string[]): Remark {
  const whose = who.length === 0 ? 'phones' : someOf(who);
  return odd(
    `${path}: Asterisk refused ${count} SUBSCRIBEs for ${event} (489), of ${whose}: they ask the PBX, not Lamplighter`,
    event === 'as-feature-event'
      ? 'lead the feature keys of these phones here: docs/deploy says how for each way'
      : 'lead them here where Lamplighter serves that package (docs/packages.md), or turn it off on the phones',
  );
}

/** null: it is not there, or may not be read. */
function tailOf(path: string): string | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8', 0, read);
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** A setting that hangs every call, read where the PBX is on this host: AMI cannot be asked while it hangs. */
export const asteriskFiles: HostCheck = {
  name: 'asterisk-files',
  look: (seen) => {
    if (!seen.config.pbx.some(({ type }) => type === 'asterisk')) return [];
    const path = join(seen.root, 'etc/asterisk/ari.conf');
    const line = textOf(path)
      .split('\n')
      .find((one) => /^\s*channelvars\s*=.*CHANNEL\(\s*pjsip/i.test(one));
    if (line === undefined) return [];
    return [
      broken(
        `${path} has ${line.trim()}: CHANNEL(pjsip,…) there hangs every call for ever`,
        "take it out, then asterisk -rx 'core restart now'",
      ),
    ];
  },
};
