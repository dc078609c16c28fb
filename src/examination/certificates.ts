import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { broken, type Check, fine, odd, type Remark } from '../model/check.ts';
import { nameOf, shownCertificates } from './listeners.ts';
import type { DaemonSeen } from './seen.ts';

const dayMs = 86_400_000;
/** Authorities renew a month before. */
const soonDays = 30;

/** What phones are shown by TLS: its age, its name, and whether the file has another by now. */
export const certificate: Check<DaemonSeen> = {
  name: 'certificate',
  look: async (seen) => {
    const { config, clock } = seen;
    const shown = await shownCertificates(seen);
    const [first] = shown.flatMap(({ door, knock }) =>
      knock.certificate === null ? [] : [{ door, shown: knock.certificate }],
    );
    if (first === undefined) return [];
    const remarks = [
      ...judgeCertificate(first.shown, namesOf(seen), clock.now()),
      ...(await judgeFile(first.shown, config.sip.tls?.cert)),
    ];
    return remarks.length > 0
      ? remarks
      : [fine(`the certificate at ${nameOf(first.door)} is good until ${dayOf(first.shown.validTo)}`)];
  },
};

/** The names that phones may have us by. */
function namesOf({ config }: Pick<DaemonSeen, 'config'>): readonly string[] {
  const { advertise } = config.sip;
  const host = advertise?.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([^:]+):\d+$/, '$1');
  return [
    ...(host === undefined ? [] : [host]),
    config.domain,
    ...config.aliases,
    ...config.domains.map(({ name }) => name),
  ];
}

/**
 * Age and name of a certificate.
 *
 * @param names those that phones may have us by; one of them is enough.
 * @param now milliseconds since the epoch.
 */
export function judgeCertificate(one: X509Certificate, names: readonly string[], now: number): readonly Remark[] {
  const renew = 'renew it (sip.tls.cert); the new one is taken while running';
  const remarks: Remark[] = [];
  const days = Math.floor((Date.parse(one.validTo) - now) / dayMs);
  if (days < 0) remarks.push(broken(`the certificate expired on ${dayOf(one.validTo)}: phones refuse it`, renew));
  else if (days < soonDays)
    remarks.push(odd(`the certificate expires in ${days} days, on ${dayOf(one.validTo)}`, renew));
  if (Date.parse(one.validFrom) > now) {
    remarks.push(
      broken(
        `the certificate is good from ${dayOf(one.validFrom)} on only`,
        'set the clock of this host right, or take another certificate',
      ),
    );
  }
  const isNamed = names.some((name) => (isIP(name) === 0 ? one.checkHost(name) : one.checkIP(name)) !== undefined);
  if (!isNamed) {
    remarks.push(
      odd(
        `the certificate is for ${(one.subjectAltName ?? one.subject).replaceAll('\n', ', ')}, and none of ${names.join(', ')} is among them`,
        'phones that check names want the one they call: take a certificate for it, or set sip.advertise to the name in it',
      ),
    );
  }
  return remarks;
}

async function judgeFile(shown: X509Certificate, file: string | undefined): Promise<readonly Remark[]> {
  if (file === undefined) return [];
  let there: X509Certificate;
  try {
    there = new X509Certificate(await readFile(file));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      broken(
        `the certificate's file cannot be read: ${reason}`,
        'correct sip.tls.cert, and let the user of the daemon read it',
      ),
    ];
  }
  if (there.fingerprint256 === shown.fingerprint256) return [];
  return [
    odd(
      `phones are shown another certificate than ${file} holds`,
      'the new one was refused, or not read yet: the log says why; systemctl reload lamplighter reads it again',
    ),
  ];
}

function dayOf(date: string): string {
  return new Date(date).toISOString().slice(0, 10);
}
