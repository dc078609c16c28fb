import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** No configuration is larger, and no secret. */
const mostBytes = 4 * 1024 * 1024;

/** What a byte that is no UTF-8 is read as. */
export const unreadable = '\ufffd';

export const notUtf8 = 'is not UTF-8: save the file as UTF-8';

/**
 * The text of a file that the daemon reads while it serves phones: it never waits for a pipe that nobody writes to, nor reads
 * without end. Throws as `readFileSync` does, and where it is no file or too large.
 */
export function readTextFile(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (found.isFIFO() || found.isSocket()) throw new Error('is a pipe, not a file');
    const pieces: Buffer[] = [];
    let size = 0;
    for (;;) {
      const piece = Buffer.alloc(64 * 1024);
      const read = readSync(file, piece, 0, piece.length, null);
      if (read === 0) return Buffer.concat(pieces).toString('utf8');
      pieces.push(piece.subarray(0, read));
      size += read;
      // the devices of the system have no size, and no end
      if (size > mostBytes) throw new Error(`is larger than ${mostBytes / 1024 / 1024} MB`);
    }
  } finally {
    closeSync(file);
  }
}
