import type { SrfRequestOptions } from './srf.ts';

/*
 * drachtio-server reads its control connection 8,192 bytes at a time into a buffer of 12,228 (measured, and its
 * client.hpp): a message that does not fit in what an unfinished one before it left wedges the connection for good,
 * without an error.
 */

/** Messages below may follow each other at will: 8,192 bytes and the rest of one of them always fit. */
export const freely = 4_000;
/** The largest that is sent at all, and then alone. */
export const largest = 12_000;
/** What stands before the SIP message in a frame: its length, two uuids, the dialog's name; bytes. */
const leader = 700;

/** The largest SIP message that can be sent. */
export const largestMessage = largest - leader;

/** Bytes of a control message, rounded up. */
export function frameBytes(start: string, { headers, body = '' }: Pick<SrfRequestOptions, 'headers' | 'body'>): number {
  let bytes = leader + Buffer.byteLength(start) + Buffer.byteLength(body);
  for (const [name, value] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(value) + 4;
  return bytes;
}
