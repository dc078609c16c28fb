import { z } from 'zod';

const hostPort = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):\d{1,5}$/;

const hep = z.strictObject({
  to: z
    .string()
    .regex(hostPort, {
      error: 'expected HOST:PORT, such as homer.example.com:9060; an IPv6 address in []',
      abort: true,
    })
    .refine((text) => {
      const port = Number(text.slice(text.lastIndexOf(':') + 1));
      return port >= 1 && port <= 65_535;
    }, 'expected a port from 1 to 65535')
    .describe('The collector: HOST:PORT, by UDP.'),
  captureId: z.int().min(0).max(4_294_967_295).default(2001).describe('By which the collector knows this Lamplighter.'),
  password: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Where the collector asks for one (`authkey`). `passwordFile` may stand for it.'),
});

/** `trace`: what is remembered of SIP messages, and who is sent them. */
export const traceSchema = z.strictObject({
  keep: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(20_000)
    .describe('SIP messages to remember, with at most a kilobyte of memory for each. 0: none, and there is no trace.'),
  hep: hep.optional().describe('Each message goes to a Homer, too (HEP3), without its secrets: docs/trace.md.'),
});
