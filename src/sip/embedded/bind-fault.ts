import { Fault, type FaultCode } from '../../model/errors.ts';
import { hostPort } from '../../model/host-port.ts';
import type { ListenPoint } from '../engine.ts';

const codes: Readonly<Record<string, FaultCode>> = {
  EADDRINUSE: 'port-in-use',
  EADDRNOTAVAIL: 'address-unavailable',
  EAFNOSUPPORT: 'address-unavailable',
  EINVAL: 'address-unavailable',
  ENOTFOUND: 'address-unavailable',
  EACCES: 'port-forbidden',
  EPERM: 'port-forbidden',
  EMFILE: 'files-exhausted',
  ENFILE: 'files-exhausted',
};

/** `udp:192.0.2.1:5060`, `tcp:[2001:db8::1]:5060`: as in the configuration. */
export function pointName(point: ListenPoint): string {
  return `${point.transport}:${hostPort(point.address, point.port)}`;
}

/** Why a socket could not be bound, in the admin's words. */
export function bindFault(point: ListenPoint, error: Error): Fault {
  const code = codes[(error as NodeJS.ErrnoException).code ?? ''] ?? 'internal';
  return new Fault(code, `cannot listen on ${pointName(point)}: ${error.message}`, error);
}
