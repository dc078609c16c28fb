import { lastingPort } from '../../support/ports.ts';

export interface LabPorts {
  readonly sip: number;
  readonly http: number;
  readonly ami: number;
  readonly rtpStart: number;
  readonly rtpEnd: number;
}

/** Ports for one instance. RTP takes a block below `lastingPort`, room for 250 calls; blocks of two instances seldom meet. */
export async function labPorts(): Promise<LabPorts> {
  const [sip, http, ami] = [await lastingPort(), await lastingPort(), await lastingPort()];
  const rtpStart = 10_000 + (sip % 20) * 1000;
  return { sip, http, ami, rtpStart, rtpEnd: rtpStart + 999 };
}
