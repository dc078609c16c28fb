/** The device state by which it is tried whether events arrive. No lamp: it is there for a moment. */
export const probeDevice = 'Custom:lamplighter-probe';

/** COMPAT(Asterisk): names of devices are told with the case they were set with, and compared without. */
export function isProbe(device: string): boolean {
  return device.toLowerCase() === probeDevice.toLowerCase();
}
