import type { Writable } from 'node:stream';

/** Bytes that wait for a reader who stands still, a pager or a journal that hangs: what comes then is lost. */
const mostWaiting = 1024 * 1024;

/**
 * Writes what can be written: a full disk, a reader that is gone and one that reads no more cost lines, never the daemon.
 * `lost` hears how many they were with the first line that gets through again.
 */
export function lossy(stream: Writable, lost: (lines: number) => void): (line: string) => void {
  let lines = 0;
  const settle = (error?: Error | null) => {
    if (error) lines += 1;
    else if (lines > 0 && stream.writableLength < mostWaiting / 2) {
      const before = lines;
      lines = 0;
      lost(before);
    }
  };
  stream.on('error', () => undefined); // `settle` has heard of it
  return (line) => {
    if (stream.writableLength < mostWaiting) stream.write(line, settle);
    else lines += 1;
  };
}
