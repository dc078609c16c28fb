import { type Aor, aorOf, domainOf, userOf } from '../../model/aor.ts';
import { accountUri } from '../account-uri.ts';

/**
 * How a resource is addressed in a list, as Asterisk does it: by the host that the phone itself wrote for the list, so that it
 * finds its keys again, without our port, for calls go to the PBX.
 */
export function memberUri(list: string, member: Aor): string {
  const host = /^sips?:(?:[^@]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)/i.exec(list)?.[1];
  return accountUri(aorOf(userOf(member), host ?? domainOf(member)));
}
