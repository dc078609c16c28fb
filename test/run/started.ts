/**
 * How Node starts the daemon wherever we start it (`npm start`, the package, the container; a test holds them to this): one
 * helper of the collector beside the thread that serves phones, and a young generation that is collected in 4 ms and not
 * in 9 (docs/performance.md).
 */
export const daemonFlags: readonly string[] = ['--v8-pool-size=1', '--max-semi-space-size=8'];
