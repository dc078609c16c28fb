/** Reference: security 5. Beyond them a message is refused, in bounded time and memory. */
export const limits = {
  /** Bytes of a whole message, body included. */
  message: 65_536,
  headerLines: 200,
  /** Bytes of one header, continuation lines included, and of the start line. */
  headerLine: 8192,
  via: 70,
  route: 30,
} as const;
