/** Our rules for TCP, TLS and WebSocket alike. Times in milliseconds, sizes in bytes. */
export interface StreamLimits {
  /** Connections accepted from one address, unless it is trusted. */
  readonly perAddress: number;
  /** Connections accepted in all. */
  readonly total: number;
  /** From accept to the end of the TLS handshake and of the WebSocket upgrade. */
  readonly handshakeMs: number;
  /** From then to the first whole message. */
  readonly firstMessageMs: number;
  /** From the first byte of a message to its last. */
  readonly messageMs: number;
  /** A phone that keeps its subscription is heard within every expiry (at most 3600 s). */
  readonly idleMs: number;
  /** Waiting for a peer that does not read. */
  readonly unread: number;
  /** For a connection of ours to stand. */
  readonly connectMs: number;
  /** For the last bytes to leave before a connection is cut. */
  readonly farewellMs: number;
}

export const streamLimits: StreamLimits = {
  perAddress: 50,
  total: 10_000,
  handshakeMs: 10_000,
  firstMessageMs: 30_000,
  messageMs: 10_000,
  idleMs: 2 * 3_600_000,
  unread: 1024 * 1024,
  connectMs: 2000,
  farewellMs: 1000,
};
